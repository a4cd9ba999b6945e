import type { Accounts } from './accounts.ts';
import type { Blocks } from './blocks.ts';
import type { Compactions } from './compactions.ts';
import type { Documents } from './documents.ts';
import type { MessageArchive } from './messages.ts';
import type { Reactions } from './reactions.ts';
import type { ReadMarks } from './read-marks.ts';
import type { Rooms } from './rooms.ts';
import type { Sessions } from './sessions.ts';

/** What the state of the chat consists of. */
export interface ChatParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly rooms: Rooms;
  readonly blocks: Blocks;
  readonly archive: MessageArchive;
  readonly reactions: Reactions;
  /** Of conversations with accounts; those of rooms are with their members. */
  readonly marks: ReadMarks;
  readonly documents: Documents;
  readonly compactions: Compactions;
}
