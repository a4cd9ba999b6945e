import { sameIncarnation } from '../../shared/views.ts';
import type { Effect } from './effects.ts';
import type { History } from './history.ts';
import type { World } from './model.ts';
import { lifeText, rankOf } from './names.ts';
import type { Server } from './servers.ts';

/** R4: at the moment of the commit the operation is on the disk of every member of the view. */
export function brokenByCommit(
  servers: readonly Server[],
  before: History,
  effect: Effect & { type: 'committed' },
): string {
  if (!effect.byPrimary) return '';
  const view = before.installed.find(({ view }) => view === effect.view);
  for (const server of servers) {
    if (!view?.memberKeys.some((key) => key.startsWith(`${server.self.id}#`))) continue;
    // A later life's disk may have lost rows, where that is explored.
    if (before.used.losses > 0 && !view.memberKeys.includes(server.selfKey)) continue;
    for (const [index, chain] of effect.chains.entries()) {
      const op = effect.fromOp + index;
      if (op <= before.committed.length || server.entries[op - 1]?.chain === chain) continue;
      return `R4: operation ${op} is committed and not on the disk of ${lifeText(server.self)}`;
    }
  }
  return '';
}

/** I3: all members had accepted the view durably, with its log. */
export function brokenByInstallation(servers: readonly Server[], effect: Effect & { type: 'installed' }): string {
  const { record, chains } = effect;
  const view = rankOf(record.number);
  for (const member of record.members.slice(1)) {
    const server = servers.find(({ self }) => self.id === member.id && self.disk === member.disk)!;
    const isHeld = server.file.pending.some(({ number }) => rankOf(number) === view) || server.baseRank >= view;
    if (!isHeld) return `I3: the view is installed and was not accepted by ${lifeText(member)}`;
    const isUnchanged = sameIncarnation(server.self, member) && rankOf(server.file.promised) === view;
    if (isUnchanged && chains.some((chain, index) => server.entries[index]?.chain !== chain)) {
      return `I3: the view is installed and its log is not on the disk of ${lifeText(member)}`;
    }
  }
  return '';
}

/** I4, I7: what holds in every state. */
export function brokenInState({ servers, history }: World): string {
  for (const server of servers) {
    if (!server.running) continue;
    if (server.readsByLease && !hasAll(server, history, history.acknowledged)) {
      return `I7: ${lifeText(server.self)} may read by leases and lacks an acknowledged operation`;
    }
    let listedIn = -1;
    for (const { view, memberKeys } of history.installed) {
      if (view > listedIn && memberKeys.includes(server.selfKey)) listedIn = view;
    }
    if (listedIn < 0) continue;
    for (const [index, { chain, view }] of history.committed.entries()) {
      if (view <= listedIn && server.chains[index] !== chain) {
        return `I4: ${lifeText(server.self)} is a living member and lacks operation ${index + 1}`;
      }
    }
  }
  return '';
}

function hasAll(server: Server, history: History, throughOp: number): boolean {
  for (let index = 0; index < throughOp; index++) {
    if (server.chains[index] !== history.committed[index]!.chain) return false;
  }
  return true;
}
