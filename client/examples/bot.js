// A bot: whoever writes to it gets an answer, once, whatever becomes of the servers meanwhile.
//   node client/examples/bot.js [NAME] [PASSWORD] [HOST:PORT …]
import { ChatClient } from 'understudy';

const [name = 'echo', password = 'echo echo echo', ...servers] = process.argv.slice(2);
const chat = new ChatClient({ servers: servers.length > 0 ? servers : ['localhost:1538'] });

chat.on('connection', ({ state }) => console.error(state.phase));
chat.on('message', async ({ message }) => {
  if (message.to !== chat.username || message.from === chat.username) return;
  await chat.send(message.from, `You said: ${message.body}`, { replyTo: message.id });
  // Said only now: what was not answered yet is told again when the bot is started again.
  chat.received(message.position);
});

chat.start();
let entered = await chat.createAccount(name, password);
if (!entered.ok && entered.error.code === 'username-taken') entered = await chat.logIn(name, password);
console.log(entered.ok ? `${chat.username} is listening.` : entered.error.message);
if (!entered.ok) process.exit(1);
process.once('SIGINT', () => chat.close());
