import { showChat } from '../../client/terminal/show-chat.tsx';
import { FakeChat } from './fake-chat.ts';

/** Shows the terminal chat without servers: `node --import tsx test/support/terminal-demo.tsx [login|chat|many|offline|moved|warning]`. */
const scene = process.argv[2] ?? 'chat';
const chat = new FakeChat();
chat.nowMs = Date.now() - 26 * 3600 * 1000;
for (const name of ['ana', 'bob', 'carol', 'dave', 'eve']) chat.accounts.set(name, 'correct horse');

const TALK: readonly (readonly [string, string, string])[] = [
  ['carol', 'ana', 'Did the drill run last night?'],
  ['ana', 'carol', 'It did: killed the primary three times, lost nothing, doubled nothing.'],
  ['dave', 'ana', 'bye, I am deleting my account'],
  ['bob', 'ana', 'Morning!'],
  ['ana', 'bob', 'Morning. I stopped server 1538 while you were typing, did you notice?'],
  ['bob', 'ana', 'Only because the status line said so. Silence of 0.2 s, and everything I had typed was still there.'],
  [
    'ana',
    'bob',
    'Good. Here is the list:\n  1. pull the plug\n  2. look at the log\n  3. 日本語 and 👩‍👩‍👧 and é́ still line up',
  ],
  ['bob', 'ana', '\x1b[31mred?\x1b[0m \x1b]0;title\x07 \u202eabc \x9b2J'],
];

function play(): void {
  for (const [from, to, body] of TALK) chat.keep(from, to, body);
  chat.nowMs = Date.now() - 600_000;
  chat.enter('ana');
  setTimeout(() => {
    chat.deliver('carol', 'ana', 'And the log files?');
    chat.deliver('carol', 'ana', 'Same bytes on all three?');
    chat.deliver('bob', 'ana', 'See you at lunch.');
    chat.tell({ type: 'account-deleted', username: 'dave' });
    SCENES[scene]?.();
  }, 100);
}

const SCENES: Readonly<Record<string, () => void>> = {
  many: () => {
    for (let number = 1; number <= 100_000; number++) chat.deliver('bob', 'ana', `Message number ${number}`);
  },
  offline: () => {
    const sinceMs = Date.now() - 14_000;
    const tried = ['localhost:1538', 'localhost:2538', 'localhost:3538'];
    const reason = 'No server is reached (localhost:1538: connection refused).';
    chat.tell({ type: 'connection', state: { phase: 'offline', sinceMs, tried, reason } });
  },
  moved: () => {
    chat.connect('localhost:2538', { view: 4 });
    chat.tell({ type: 'moved', from: 'localhost:1538', to: 'localhost:2538', silenceMs: 214 });
  },
  warning: () => {
    const warning = 'Only 2 of 3 servers are up: one more may fail. Start the server on localhost:1538 again.';
    chat.connect('localhost:2538', { view: 4, members: ['localhost:2538', 'localhost:3538'], warning });
  },
};

if (scene === 'login') setTimeout(() => chat.connect(), 500);
else setTimeout(play, 50);
process.exitCode = await showChat({ chat, username: scene === 'login' ? '' : 'ana' });
