"""A chat client written from PROTOCOL.md, section 5, alone; comments name its rules for clients.

It needs python-socketio and aiohttp (Debian: python3-socketio python3-aiohttp), and is run as

    python3 chat.py create|log-in NAME PASSWORD HOST:PORT [HOST:PORT ...]

Then it takes lines: "send TO TEXT" and "history WITH". What it hears and is answered it prints, one JSON object a line.
At the end of its input it ends.
"""

import asyncio
import json
import random
import sys
import uuid

import socketio

REPLY_PATIENCE_S = 6
OPEN_PATIENCE_S = 3
SERVER_STATE = {"not-primary", "unavailable", "read-only", "rate-limited"}


class Refused(Exception):
    """A request that was refused for good; `error` is the error of the protocol."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.error = error


class Chat:
    """One running client: finds the primary, stays with it, asks again what was not answered, and fetches what it missed.

    It has one socket at a time. With a second one (rule 7) it would hear of a new primary even if the old one hangs, and
    would not have to wait until a reply is overdue.
    """

    def __init__(self, servers, on_message):
        self.on_message = on_message
        self.servers = list(servers)
        self.client_id = str(uuid.uuid4())
        self.known = False
        self.token = None
        self.last_number = 0
        self.position = None  # everything up to here was told (rule 8)
        self.seen = 0  # rule 9
        self.newest = (-1, -1)  # epoch and view (rule 7)
        self.primary = None
        self.socket = None
        self.attempts = 0
        self.held = None  # pushed while it catches up (rule 13)
        self.waiting = {}  # for a reply, over which socket
        self.one_at_a_time = asyncio.Lock()
        self.opening = asyncio.Lock()
        self.lost = asyncio.Event()
        self.keeper = asyncio.ensure_future(self.keep_connected())

    async def enter(self, event, username, password):
        """`account:create` or `session:open`."""
        reply = await self.write(event, username=username, password=password)
        self.token = reply["token"]
        return reply["username"]

    async def send(self, to, body):
        return await self.write("message:send", to=to, body=body)

    async def history(self, other):
        """The newest messages of a conversation."""
        return (await self.read("message:history", {"with": other}))["messages"]

    async def close(self):
        self.keeper.cancel()
        if self.socket is not None:
            await self.socket.disconnect()

    async def write(self, event, **payload):
        """Has something done exactly once. One after the other: nothing can overtake what was refused (rules 2 and 3)."""
        async with self.one_at_a_time:
            self.last_number += 1
            request = {**payload, "request": self.last_number, "oldest": self.last_number}
            reply = await self.ask_until_answered(event, request)
            self.known = True
            self.seen = max(self.seen, reply.get("position", 0))
            return reply

    async def read(self, event, payload):
        reply = await self.ask_until_answered(event, {**payload, **({"seen": self.seen} if self.seen else {})})
        self.seen = max(self.seen, reply.get("position", 0))
        return reply

    async def ask_until_answered(self, event, payload):
        while True:
            socket = await self.connected()
            reply = await self.ask(socket, event, payload)
            if reply is None:  # rule 5: a missing reply means nothing
                self.leave(socket)
                continue
            if reply["ok"]:
                self.attempts = 0
                return reply
            error = reply["error"]
            if error["code"] not in SERVER_STATE and error["code"] != "internal":
                raise Refused(error)
            if error["code"] != "rate-limited":
                self.leave(socket)
            self.learn(error)
            await self.back_off()

    async def ask(self, socket, event, payload):
        """Sends one request; None when there is no reply."""
        answer = asyncio.get_running_loop().create_future()
        self.waiting[answer] = socket
        try:
            await socket.emit(event, payload, callback=lambda reply: answer.done() or answer.set_result(reply))
            return await asyncio.wait_for(answer, REPLY_PATIENCE_S)
        except (asyncio.TimeoutError, socketio.exceptions.SocketIOError):
            return None
        finally:
            del self.waiting[answer]

    async def keep_connected(self):
        """Who only listens has to notice a lost connection, too."""
        while True:
            self.lost.clear()
            await self.connected()
            await self.lost.wait()

    async def connected(self):
        """The socket at the primary; tries all servers until there is one."""
        async with self.opening:
            while self.socket is None:
                for address in self.in_order():
                    self.socket = await self.open(address)
                    if self.socket is not None:
                        break
                else:
                    await self.back_off()
            return self.socket

    def in_order(self):
        first = [self.primary] if self.primary else []
        return first + [address for address in self.servers if address != self.primary]

    async def open(self, address):
        """A socket at this server if it is the primary, else None."""
        socket = socketio.AsyncClient(reconnection=False)
        socket.on("disconnect", lambda: self.on_lost(socket))
        socket.on("cluster:changed", lambda cluster: self.on_cluster(socket, cluster))
        socket.on("session:ready", lambda ready: self.on_ready(socket, ready))
        socket.on("message:new", lambda message: self.on_pushed(socket, message))
        auth = {"protocol": 1, "clientId": self.client_id}
        if self.known:
            auth["known"] = True
        if self.token:
            auth["token"] = self.token
        try:
            url = f"http://{address}"
            opening = socket.connect(url, auth=auth, transports=["websocket"], wait_timeout=OPEN_PATIENCE_S)
            await asyncio.wait_for(opening, OPEN_PATIENCE_S)
        except (asyncio.TimeoutError, socketio.exceptions.SocketIOError):
            return None
        reply = await self.ask(socket, "cluster:status", {})
        if reply is not None and reply["ok"]:
            self.learn(reply["cluster"])
        if reply is not None and self.primary == address and socket.connected:
            return socket
        part(socket)
        return None

    def learn(self, told):
        """From a cluster, or from a refusal that names the primary: only what is not older counts (rule 7)."""
        for address in told.get("known", []):
            if address not in self.servers:
                self.servers.append(address)
        number = (told.get("epoch", -1), told.get("view", -1))
        if number < self.newest or "primary" not in told:
            return
        self.newest = number
        self.primary = told["primary"]

    def on_cluster(self, socket, cluster):
        before = self.primary
        self.learn(cluster)
        if socket is self.socket and self.primary not in (before, None):
            self.leave(socket)

    def on_lost(self, socket):
        for answer, over in self.waiting.items():
            if over is socket and not answer.done():
                answer.set_result(None)
        if socket is self.socket:
            self.socket = None
            self.held = None
            self.lost.set()

    def leave(self, socket):
        if socket is self.socket:
            self.on_lost(socket)
            part(socket)

    async def back_off(self):
        await asyncio.sleep(min(1.5, 0.025 * 2**self.attempts) * random.uniform(0.75, 1.25))
        self.attempts = min(self.attempts + 1, 10)

    def on_ready(self, socket, ready):
        self.held = []
        asyncio.ensure_future(self.catch_up(socket, ready, self.held))

    async def catch_up(self, socket, ready, held):
        """Rule 8: what lies above the last position that was told is fetched, and what is pushed meanwhile waits."""
        self.seen = max(self.seen, ready["position"])
        if self.position is None:
            self.position = ready["received"]
        more = True
        while more:
            page = await self.ask(socket, "message:history", {"after": self.position, "seen": self.seen})
            if page is None or not page["ok"]:
                await self.back_off()
                self.leave(socket)
                return
            for message in page["messages"]:
                self.tell(message)
            self.position = max(self.position, page["position"])
            more = page["more"]
        for message in held:
            self.tell(message)
        if self.held is held:
            self.held = None

    def on_pushed(self, socket, message):
        if self.held is not None:
            self.held.append(message)
        else:
            self.tell(message)
            asyncio.ensure_future(self.ask(socket, "message:received", {"position": self.position}))

    def tell(self, message):
        if message["position"] > self.position:
            self.position = message["position"]
            self.seen = max(self.seen, self.position)
            self.on_message(message)


def part(socket):
    """Does not wait for a server that may have stopped answering."""
    asyncio.ensure_future(socket.disconnect())


def show(**what):
    print(json.dumps(what, ensure_ascii=False), flush=True)


async def main(how, name, password, *servers):
    chat = Chat(servers, lambda message: show(told=message))
    event = {"create": "account:create", "log-in": "session:open"}[how]
    try:
        show(entered=await chat.enter(event, name, password))
        while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
            verb, other, *rest = line.rstrip("\n").split(" ", 2)
            try:
                if verb == "send":
                    show(sent=await chat.send(other, rest[0]))
                elif verb == "history":
                    show(history=await chat.history(other))
            except Refused as refused:
                show(refused=refused.error)
    except Refused as refused:
        show(refused=refused.error)
        return 1
    finally:
        await chat.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
