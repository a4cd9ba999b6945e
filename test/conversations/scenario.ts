import { Stage } from './stage/stage.ts';

/** A conversation to be: what it is about, and what happens in it. */
export interface Scenario {
  readonly title: string;
  /** What happens and which rules it shows; the lines at the top of the trace. */
  readonly story: string;
  /** One letter a server, `ABC` unless given; V and W are witnesses. */
  readonly servers?: string;
  /** Plays it, and fails unless its point was made. */
  readonly play: (stage: Stage) => void;
}

const COLUMNS = 'rule     ms  who    what';
const LEFT_OUT = 'Left out: pings, pongs, gossip and what is said again unchanged, unless somebody acts on it.';

/** Plays a scenario and returns its trace. */
export function conversationOf({ title, story, servers, play }: Scenario): string {
  const stage = new Stage(servers ?? 'ABC');
  play(stage);
  const header = [title, '', ...story.trim().split('\n'), '', LEFT_OUT];
  return `${header.map((line) => `# ${line.trim()}`.trimEnd()).join('\n')}\n\n${COLUMNS}\n${stage.text}\n`;
}
