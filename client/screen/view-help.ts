import type { Action, Bindings } from './screen-settings.ts';
import { type Line, span } from './spans.ts';
import { padText, textWidth, wrapText } from './text-width.ts';
import { helpGroups } from './ui-commands.ts';

type Rows = readonly (readonly [string, string])[];

/** What can be bound, in the order of the help; keys that nobody has to be told of are left out. */
const ACTION_HELP: readonly (readonly [Action, string])[] = [
  ['send', 'send what is typed'],
  ['new-line', 'begin a new line'],
  ['complete', 'complete a name or a command; again: the next one'],
  ['next-unread', 'next conversation with something new, mentions first'],
  ['first-unread', 'first message that was new here'],
  ['jump', 'go to a conversation by typing some of its name'],
  ['find', 'find messages; Enter goes there'],
  ['select', 'select a message: r replies, e edits, + reacts, d deletes'],
  ['send-again', 'send a failed message again'],
  ['page-up', 'scroll; at the top older messages are fetched'],
  ['page-down', 'scroll towards the newest'],
  ['bottom', 'back to the newest message'],
  ['next-conversation', 'next conversation'],
  ['previous-conversation', 'previous conversation'],
  ['cluster', 'show the servers'],
  ['help', 'show this'],
  ['escape', 'close this, put away notices, end an edit or an answer'],
];

const FIXED_KEYS: Rows = [
  ['↑ ↓', 'what was typed before'],
  ['Alt+1 … Alt+9', 'the first to the ninth conversation of the list'],
  ['Ctrl+W Ctrl+U Alt+K', 'delete the last word, the line, its rest'],
  ['wheel', 'scroll; with Shift the mouse selects text as usual'],
  ['Ctrl+C', 'quit'],
];

const SIGNS: Rows = [
  ['◌ ✓ ✗', 'on the way, safe on the servers, refused'],
  ['● ○', 'online, not online'],
  ['@3', 'three new messages, one of them names you'],
  ['✎', 'something typed there is not sent'],
];

/** All rows of the help, of which a window is shown. */
export function helpRows(bindings: Bindings, width: number): Line[] {
  const groups: { title: string; rows: Rows }[] = [
    ...helpGroups(),
    { title: 'Keys', rows: [...boundKeys(bindings), ...FIXED_KEYS] },
    { title: 'Signs', rows: SIGNS },
  ];
  const longest = Math.max(...groups.flatMap(({ rows }) => rows.map(([left]) => textWidth(left))));
  const column = Math.min(24, longest + 2);
  return groups.flatMap(({ title, rows }, index) => [
    ...(index === 0 ? [] : [[]]),
    [span(title, 'strong')],
    ...rows.flatMap(([left, right]) => twoColumns(left, right, column, width)),
  ]);
}

function boundKeys(bindings: Bindings): Rows {
  return ACTION_HELP.flatMap(([action, help]) => {
    const keys = Object.keys(bindings).filter((key) => bindings[key] === action);
    return keys.length === 0 ? [] : [[keys.map(keyName).join(' '), help] as const];
  });
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  'page-up': 'PgUp',
  'page-down': 'PgDn',
  escape: 'Esc',
  up: '↑',
  down: '↓',
};

/** A key as people write it: `Alt+A`, `PgUp`. */
function keyName(key: string): string {
  return key
    .split('+')
    .map((part) => KEY_NAMES[part] ?? part.charAt(0).toUpperCase() + part.slice(1))
    .join('+');
}

function twoColumns(left: string, right: string, column: number, width: number): Line[] {
  // On a narrow screen the explanation stands below.
  if (width < column + 24) {
    const below = wrapText(right, width - 2).map((row): Line => [span('  '), span(row, 'dim')]);
    return [[span(left)], ...below];
  }
  const [first = '', ...more] = wrapText(right, width - column);
  const head = textWidth(left) < column ? padText(left, column) : `${left}  `;
  const rest = more.map((row): Line => [span(' '.repeat(column)), span(row, 'dim')]);
  return [[span(head), span(first, 'dim')], ...rest];
}
