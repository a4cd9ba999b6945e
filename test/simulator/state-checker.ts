import { sameView } from '../../shared/ids.ts';
import { Violation } from './checkers.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** Every so many operations the state of whoever stops there is looked at. */
const LOOK_EVERY = 16;
/** And every so many, each message of it. */
const LOOK_CLOSELY_EVERY = 128;

/** Watches that equal logs lead to equal states, and that no two replicas could commit at one time. */
export class StateChecker {
  readonly #states = new Map<string, { server: string; text: string }>();

  /** What has been applied up to an operation is the same on every replica. */
  onApplied(server: SimulatedServer): void {
    const { position } = server.engine!.chat;
    if (position % LOOK_EVERY === 0) this.#compare(server, position % LOOK_CLOSELY_EVERY === 0);
  }

  compare(server: SimulatedServer): void {
    this.#compare(server, true);
  }

  #compare(server: SimulatedServer, isClose: boolean): void {
    const { chat } = server.engine!;
    if (!chat.isWhole) return;
    const state = isClose ? chat.fingerprint() : chat.snapshot();
    const text = JSON.stringify([state, server.clientTable!.snapshot()]);
    const key = `${server.disk.file.base?.number.epoch} ${chat.position} ${isClose}`;
    const before = this.#states.get(key);
    if (!before) this.#states.set(key, { server: server.address, text });
    else if (before.text !== text) {
      const place = `${before.server} and ${server.address} differ after operation ${chat.position}`;
      throw new Violation(`R24: ${place}: ${firstDifference(before.text, text)}`);
    }
  }
}

function firstDifference(a: string, b: string): string {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index += 1;
  return `"${a.slice(Math.max(0, index - 60), index + 60)}" and "${b.slice(Math.max(0, index - 60), index + 60)}"`;
}

/** I2: of all servers at most one in each epoch is the primary of a view whose members all still keep their promise to it. */
export function requireOnePrimary(servers: readonly SimulatedServer[]): void {
  const able = servers.filter((server) => {
    if (!server.isPrimary) return false;
    const { number, members } = server.state!.file.base!;
    return members.every((member) => {
      const { file } = servers.find(({ address }) => address === member.id)!.disk;
      const isSame = file.disk === member.disk && file.incarnation === member.incarnation;
      return isSame && sameView(file.promised, number);
    });
  });
  const epochs = new Set(able.map(({ state }) => state!.file.base!.number.epoch));
  if (able.length > epochs.size) {
    throw new Violation(`R4: ${able.map(({ address }) => address).join(' and ')} are both primaries that can commit`);
  }
}
