import type { ClusterControl } from '../../client/terminal/cluster-control.ts';
import { showChat } from '../../client/terminal/show-chat.tsx';
import { refusal } from '../../shared/errors.ts';
import type { LocalServer } from '../../shared/local-servers.ts';
import { FakeChat } from './fake-chat.ts';

/** Shows the terminal chat without servers: `node --import tsx test/support/terminal-demo.tsx [login|chat|room|many|offline|moved|warning|cluster]`. */
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
  for (const name of ['bob', 'carol', 'eve']) chat.online.add(name);
  chat.displayNames.set('bob', 'Robert B.');
  chat.putRoom('#lobby', 'Everything and nothing · ask before you deploy', ['ana', 'bob', 'carol', 'dave', 'eve']);
  chat.putRoom('#deploys', 'Who deploys what, and when', ['bob', 'ana']);
  chat.keep('eve', '#lobby', 'Who is on duty today?');
  chat.keep('bob', '#lobby', 'I am, until six.', { replyTo: 'm9' });
  for (const name of ['bob', 'carol', 'dave', '#lobby']) chat.marks.set(name, 11);
  chat.nowMs = Date.now() - 600_000;
  chat.enter('ana');
  setTimeout(() => {
    chat.deliver('carol', 'ana', 'And the log files?');
    chat.deliver('carol', 'ana', 'Same bytes on all three?');
    chat.deliver('bob', 'ana', 'See you at lunch.');
    chat.tell({ type: 'account-deleted', username: 'dave' });
    chat.tell({ type: 'typing', with: 'bob', username: 'bob', typing: true });
    SCENES[scene]?.();
  }, 100);
}

const SCENES: Readonly<Record<string, () => void>> = {
  room: () => {
    const asked = chat.deliver('eve', '#lobby', 'ana: can you look at the second server?');
    chat.deliver('bob', '#lobby', 'She is at lunch, I think.', { editedAt: chat.nowMs });
    chat.reactAs('bob', asked.id, '👍', true);
    chat.reactAs('carol', asked.id, '👍', true);
    chat.reactAs('carol', asked.id, '🎉', true);
    const gone = chat.deliver('dave', '#lobby', 'wrong window');
    void chat.deleteMessage(gone.id);
    chat.tell({ type: 'typing', with: '#lobby', username: 'eve', typing: true });
    chat.tell({ type: 'typing', with: '#lobby', username: 'carol', typing: true });
  },
  cluster: () => {
    for (const [from, to] of [
      ['1538', '2538'],
      ['2538', '1538'],
    ] as const) {
      chat.connect(`localhost:${to}`, { view: 4 });
      chat.tell({ type: 'moved', from: `localhost:${from}`, to: `localhost:${to}`, silenceMs: 214 + Number(to) });
    }
  },
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
const servers: LocalServer[] = [
  { address: 'localhost:1538', state: 'running', commit: 48_120 },
  { address: 'localhost:2538', state: 'running', commit: 48_117 },
  { address: 'localhost:3538', state: 'paused', commit: 47_702 },
];
const control: ClusterControl = {
  servers,
  onChange: () => () => {},
  control: async (action, address) => refusal('forbidden', `There is no server to ${action} at ${address} in a demo.`),
};
const shown = { chat, username: scene === 'login' ? '' : 'ana' };
process.exitCode = await showChat(scene === 'cluster' ? { ...shown, control } : shown);
