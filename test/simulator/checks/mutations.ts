import type { LogEntry } from '../../../shared/operations.ts';
import type { Random } from '../../../shared/random.ts';
import type { CheckedEvent } from './calls.ts';
import { CommittedHistory } from './committed-history.ts';
import type { RecordedRun } from './legal-run.ts';

type Answered = CheckedEvent & { type: 'answered' };
type Asked = CheckedEvent & { type: 'asked' };
type Told = CheckedEvent & { type: 'told' };
type Mutation = (run: RecordedRun, random: Random) => RecordedRun | undefined;

/** Ways in which a legal run is made illegal, whatever else is in it; undefined where a run offers no occasion. */
export const MUTATIONS: Record<string, Mutation> = {
  'an acknowledged message is lost': (run, random) => {
    const answer = pick(answersTo(run, 'message:send'), random);
    return answer && withEntry(run, positionIn(answer), (entry) => ({ ...blank(entry), event: 'cluster:view' }));
  },
  'a message is doubled': (run, random) => {
    const entry = pick(repeatableSends(run), random);
    const last = run.entries[run.entries.length - 1];
    return entry && last && { ...run, entries: [...run.entries, copyOf(entry, last)] };
  },
  'a request is done twice': (run, random) => {
    const entry = pick(acknowledgedSends(run), random);
    const last = run.entries[run.entries.length - 1];
    if (!entry || !last) return undefined;
    const { client, request } = entry;
    return { ...run, entries: [...run.entries, { ...copyOf(entry, last), client, request }] };
  },
  'two acknowledged messages are swapped': (run, random) => {
    const [one, other] = [pick(acknowledgedSends(run), random), pick(acknowledgedSends(run), random)];
    if (!one || !other || one === other) return undefined;
    const first = withEntry(run, one.op, (entry) => ({ ...other, op: entry.op, time: entry.time }));
    return withEntry(first, other.op, (entry) => ({ ...one, op: entry.op, time: entry.time }));
  },
  'a message that nobody sent': (run, random) => {
    const entry = pick(repeatableSends(run), random);
    const last = run.entries[run.entries.length - 1];
    return entry && last && { ...run, entries: [...run.entries, { ...copyOf(entry, last), body: 'from nowhere' }] };
  },
  'a message is answered at the next position': (run, random) =>
    withAnswer(run, pick(answersTo(run, 'message:send'), random), (value) => ({
      ...value,
      position: Number(value.position) + 1,
    })),
  'a message is answered with another time': (run, random) =>
    withAnswer(run, pick(answersTo(run, 'message:send'), random), (value) => ({ ...value, at: Number(value.at) + 1 })),
  'what was done is refused for good': (run, random) => {
    const answer = pick(answersTo(run, 'message:send'), random);
    const error = { code: 'forbidden', definite: true, message: '' };
    return answer && withEvent(run, answer, { ...answer, result: { ok: false, error } });
  },
  'something is told twice': (run, random) => {
    const told = pick(toldIn(run), random);
    return told && { ...run, events: run.events.flatMap((event) => (event === told ? [event, event] : [event])) };
  },
  'two things are told in the wrong order': (run, random) => {
    const pair = pick(neighbours(run), random);
    if (!pair) return undefined;
    const swapped = run.events.map((event) => {
      if (event === pair[0]) return { ...pair[1], atMs: event.atMs };
      return event === pair[1] ? { ...pair[0], atMs: event.atMs } : event;
    });
    return { ...run, events: swapped };
  },
  'another text is told': (run, random) => {
    const told = pick(
      toldIn(run).filter(({ kind }) => kind === 'message'),
      random,
    );
    return told && withEvent(run, told, { ...told, value: { ...told.value, body: 'something else' } });
  },
  'a message that is not there is told': (run, random) => {
    const told = pick(
      toldIn(run).filter(({ kind }) => kind !== 'message-changed'),
      random,
    );
    return told && withEvent(run, told, { ...told, value: { ...told.value, id: 'none' } });
  },
  'a page is without a message': (run, random) => {
    const page = pick(
      answersTo(run, 'message:history').filter((answer) => messagesIn(answer).length > 0),
      random,
    );
    return withAnswer(run, page, (value) => ({ ...value, messages: (value.messages as unknown[]).slice(1) }));
  },
  'a page says the wrong thing about more': (run, random) =>
    withAnswer(run, pick(answersTo(run, 'message:history', isBackwards), random), (value) => ({
      ...value,
      more: !value.more,
    })),
  'a page stands for what does not exist': (run, random) =>
    withAnswer(run, pick(answersTo(run, 'message:history'), random), (value) => ({
      ...value,
      position: run.entries.length + 1,
    })),
  'a list has somebody whom nobody knows': (run, random) =>
    withAnswer(run, pick(answersTo(run, 'account:list'), random), (value) => ({
      ...value,
      accounts: [...(value.accounts as unknown[]), { username: 'zoe' }],
    })),
  'a changed message is told as it never was': (run, random) => {
    const told = pick(
      toldIn(run).filter(({ kind }) => kind === 'message-changed'),
      random,
    );
    const message = { ...(told?.value.message as object), body: 'something else' };
    return told && withEvent(run, told, { ...told, value: { ...told.value, message } });
  },
  'an edit is doubled': (run, random) => {
    const edits = answersTo(run, 'message:edit').map((answer) => run.entries[positionIn(answer) - 1]!);
    const entry = pick(
      edits.filter((edit) => isRepeatable(run, edit)),
      random,
    );
    const last = run.entries[run.entries.length - 1];
    return entry && last && { ...run, entries: [...run.entries, copyOf(entry, last)] };
  },
  'more is unread': (run, random) =>
    withFirst(run, 'conversation:list', 'conversations', random, (one) => ({ ...one, unread: Number(one.unread) + 1 })),
  'a mark is another one': (run, random) =>
    withFirst(run, 'conversation:list', 'conversations', random, (one) => ({ ...one, read: Number(one.read) + 1 })),
  'a room has more members than there are accounts': (run, random) =>
    withFirst(run, 'room:list', 'rooms', random, (room) => ({ ...room, members: Number(room.members) + 100 })),
  'a stranger is a member': (run, random) =>
    withFirst(run, 'room:members', 'members', random, () => ({ username: 'zoe' })),
  'more log-ins than there are': (run, random) =>
    withAnswer(run, pick(answersTo(run, 'account:settings'), random), (value) => ({
      ...value,
      sessions: Number(value.sessions) + 100,
    })),
  'an account that nobody made': (run) => ({
    ...run,
    events: [
      ...run.events,
      ...[{ type: 'asked' as const, call: 1e9, event: 'account:create' as const, ask: { username: 'zoe' } }].map(
        (asked) => atTheEnd(run, asked),
      ),
      atTheEnd(run, {
        type: 'answered' as const,
        call: 1e9,
        result: { ok: true as const, value: { username: 'zoe' } },
      }),
    ],
  }),
  'the log lacks an operation': (run) =>
    run.entries.length > 1 ? { ...run, entries: run.entries.slice(1) } : undefined,
  'the time of day goes back': (run, random) => {
    const entry = pick(run.entries.slice(0, -1), random);
    return entry && withEntry(run, entry.op, ({ time, ...rest }) => ({ ...rest, time: time + 1e9 }));
  },
};

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : random.pick(items);
}

function answersTo(run: RecordedRun, event: string, isMeant = (_asked: Asked) => true): Answered[] {
  const asked = run.events.filter((one): one is Asked => one.type === 'asked' && one.event === event);
  const calls = new Set(asked.filter(isMeant).map(({ call }) => call));
  return run.events.filter((one): one is Answered => one.type === 'answered' && calls.has(one.call) && one.result.ok);
}

/** Those in which there is something in that list. */
function answersWith(run: RecordedRun, event: string, list: string): Answered[] {
  return answersTo(run, event).filter(({ result }) => result.ok && (result.value[list] as unknown[]).length > 0);
}

/** The first of a list in an answer is another one. */
function withFirst(
  run: RecordedRun,
  event: string,
  list: string,
  random: Random,
  change: (one: Record<string, unknown>) => Record<string, unknown>,
): RecordedRun | undefined {
  return withAnswer(run, pick(answersWith(run, event, list), random), (value) => {
    const [first, ...rest] = value[list] as Record<string, unknown>[];
    return { ...value, [list]: [change(first!), ...rest] };
  });
}

/** Forwards, a server that has applied more may say that there is more. */
function isBackwards({ ask }: Asked): boolean {
  return ask.after === undefined;
}

function positionIn({ result }: Answered): number {
  return result.ok ? Number(result.value.position) : 0;
}

function messagesIn({ result }: Answered): readonly unknown[] {
  return result.ok ? (result.value.messages as unknown[]) : [];
}

/** Those that would not be refused when they were sent again at the end. */
function repeatableSends(run: RecordedRun): LogEntry[] {
  return acknowledgedSends(run).filter((entry) => isRepeatable(run, entry));
}

function isRepeatable({ entries }: RecordedRun, entry: LogEntry): boolean {
  const last = entries[entries.length - 1]!;
  return new CommittedHistory([...entries, copyOf(entry, last)]).tookEffect(last.op + 1);
}

function acknowledgedSends(run: RecordedRun): LogEntry[] {
  return answersTo(run, 'message:send').map((answer) => run.entries[positionIn(answer) - 1]!);
}

function toldIn(run: RecordedRun): Told[] {
  return run.events.filter((event): event is Told => event.type === 'told');
}

/** Two things that one client is told one directly after the other. */
function neighbours(run: RecordedRun): [Told, Told][] {
  return run.events.flatMap((event, index): [Told, Told][] => {
    const next = run.events[index + 1];
    return event.type === 'told' && next?.type === 'told' && next.client === event.client ? [[event, next]] : [];
  });
}

function withEntry(run: RecordedRun, op: number, change: (entry: LogEntry) => LogEntry): RecordedRun {
  return { ...run, entries: run.entries.map((entry) => (entry.op === op ? change(entry) : entry)) };
}

function blank(entry: LogEntry): LogEntry {
  return { ...entry, client: '', request: 0, account: '', subject: '', id: '', body: '' };
}

/** The same once more, at the end of the log, under another id. */
function copyOf(entry: LogEntry, last: LogEntry): LogEntry {
  return { ...entry, op: last.op + 1, time: last.time, client: '', request: 0, id: `${entry.id} again` };
}

function withEvent(run: RecordedRun, former: CheckedEvent, event: CheckedEvent): RecordedRun {
  return { ...run, events: run.events.map((one) => (one === former ? event : one)) };
}

function withAnswer(
  run: RecordedRun,
  answer: Answered | undefined,
  change: (value: Record<string, unknown>) => Record<string, unknown>,
): RecordedRun | undefined {
  if (!answer?.result.ok) return undefined;
  return withEvent(run, answer, { ...answer, result: { ok: true, value: change(answer.result.value) } });
}

function atTheEnd<T extends object>(run: RecordedRun, event: T): T & { client: string; atMs: number } {
  return { ...event, client: 'client-0', atMs: run.events[run.events.length - 1]?.atMs ?? 0 };
}
