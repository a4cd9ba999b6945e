import type { Address } from '../../shared/ids.ts';
import { describeDisk, hasRoom, ROOM_NEEDED_BYTES } from '../storage/room.ts';
import type { OperatorLog } from './log.ts';

const LOOK_INTERVAL_MS = 1000;

/**
 * R19: waits until there is room on a full disk. Nobody listens at the server's address meanwhile, so that the others know that
 * it is gone.
 *
 * @param isOver asked now and then: true ends the waiting
 * @returns whether there was none at first
 */
export async function untilRoom(
  address: Address,
  folder: string,
  log: OperatorLog,
  isOver: () => boolean,
): Promise<boolean> {
  const needed = `${ROOM_NEEDED_BYTES / 1024 / 1024} MiB`;
  log.error(
    `${await describeDisk(folder)}: ${address} stops here, the others go on without it. It comes back by itself as soon as ${needed} are free there.`,
  );
  let hasWaited = false;
  while (!isOver() && !(await hasRoom(folder, ROOM_NEEDED_BYTES))) {
    hasWaited = true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  if (!isOver()) log(`${await describeDisk(folder)}: ${address} starts again.`);
  return hasWaited;
}
