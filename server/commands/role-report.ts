import type { ServerStatus } from '../../shared/api.ts';
import type { Engine } from '../engine/engine.ts';

/** What a server waits for is told when it has waited so long. */
const MOMENT_MS = 500;

/**
 * One line whenever this server's part in the cluster changes; what is over in a moment is not worth one.
 *
 * @returns ends it
 */
export function reportRole(engine: Engine, log: (text: string) => void): () => void {
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const say = () => {
    const text = roleSentence(engine.status());
    if (text === said || isOver) return;
    said = text;
    log(text);
  };
  const saySoon = () => {
    clearTimeout(timer);
    const { role, waitingFor } = engine.status();
    if (role === 'waiting' || waitingFor !== '') timer = setTimeout(say, MOMENT_MS);
    else say();
  };
  engine.subscribe({ onNotices: () => {}, onClusterChanged: saySoon, onPrimaryChanged: saySoon });
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/**
 * Says so when a server that was to be the first of a cluster joins one that answered: whoever started it may have meant another one.
 * To be called before it meets anybody.
 *
 * @param address of the server, whose folder is empty
 */
export function reportJoining(engine: Engine, address: string, log: (text: string) => void): void {
  let isOver = false;
  const look = () => {
    const { members } = engine.status();
    if (isOver || members.length === 0) return;
    isOver = true;
    if (members.includes(address)) return;
    log(
      `The servers named with --join, or by default, have a cluster already (${members.join(', ')}): ${address} joins it. For a cluster of its own, name the servers of that one with --join.`,
    );
  };
  engine.subscribe({ onNotices: () => {}, onClusterChanged: look, onPrimaryChanged: look });
}

function roleSentence({ role, view, members, primary, waitingFor }: ServerStatus): string {
  const waits = waitingFor === '' ? '' : ` Waiting for ${waitingFor}.`;
  switch (role) {
    case 'primary':
      return `Primary of view ${view}: ${members.join(', ')}.${waits}`;
    case 'backup':
      return `Backup of ${primary ?? members[0]} in view ${view}: ${members.join(', ')}.${waits}`;
    case 'spare':
      return `Spare: view ${view} (${members.join(', ')}) is full; this server follows.`;
    case 'joining':
      return `Joining view ${view} of ${primary ?? members[0]} as a backup.`;
    case 'witness':
      if (waitingFor === '') return `Witness of view ${view}: ${members.join(', ')}.`;
      return `Witness without a vote yet.${waits}`;
    default:
      return `Waiting for ${waitingFor || 'the others'}.`;
  }
}
