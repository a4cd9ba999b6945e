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
