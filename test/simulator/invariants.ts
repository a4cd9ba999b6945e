import type { PeerMessage } from '../../server/replication/messages.ts';
import { compareViews, formatView, sameView, type ViewNumber } from '../../shared/ids.ts';
import { type Incarnation, sameIncarnation, type ViewFile, type ViewRecord } from '../../shared/views.ts';
import { Violation } from './checkers.ts';
import type { SimulatedDisk } from './disk.ts';

/** Watches what is on disks and on the wire: the invariants I1, I2, I3, I6 and I8 of PROTOCOL.md. */
export class InvariantChecker {
  readonly #members = new Map<string, string>();
  readonly #installed = new Map<string, ViewRecord>();
  readonly #proposed = new Map<string, ViewRecord>();
  readonly #disks: () => Iterable<SimulatedDisk>;

  /** @param disks all disks that are not lost */
  constructor(disks: () => Iterable<SimulatedDisk>) {
    this.#disks = disks;
  }

  /** A view file became durable. */
  onViewFile(before: ViewFile, disk: SimulatedDisk): void {
    const { id, promised, base, pending } = disk.file;
    const fail = (text: string) => {
      throw new Violation(`${text} on the disk of ${id}`);
    };
    if (compareViews(promised, before.promised) < 0) fail('I1: what is promised falls');
    if (before.base && (!base || compareViews(base.number, before.base.number) < 0)) fail('I1: the base falls');
    if (base && compareViews(promised, base.number) < 0) fail('I1: less is promised than installed');
    for (const view of pending) {
      if (base && compareViews(view.number, base.number) <= 0) fail('I1: a pending view is not above the base');
    }
    for (const view of base ? [base, ...pending] : pending) this.#onSeen(view);
    if (base && base.number.candidate === id && !this.#installed.has(formatView(base.number)))
      this.#onInstalled(base, disk);
  }

  /** I2: a number names one list. */
  #onSeen(view: ViewRecord): void {
    const name = formatView(view.number);
    const members = JSON.stringify(view.members);
    const before = this.#members.get(name);
    if (before !== undefined && before !== members) throw new Violation(`I2: two lists have the number ${name}`);
    this.#members.set(name, members);
    requireEachOnce(view.members, view.number);
  }

  /** I3: a view that exists was accepted, log and all, on every disk that it lists. */
  #onInstalled(view: ViewRecord, candidate: SimulatedDisk): void {
    const end = candidate.entries.length;
    for (const disk of this.#disks()) {
      const listed = view.members.find((member) => member.disk === disk.file.disk);
      // What a fault has taken from a disk since is the fault's doing (H20).
      if (disk === candidate || !listed || listed.incarnation <= disk.lostRowsOf) continue;
      const { base, pending } = disk.file;
      const hasAccepted =
        pending.some(({ number }) => sameView(number, view.number)) ||
        (base !== null && compareViews(base.number, view.number) >= 0);
      if (!hasAccepted)
        throw new Violation(`I3: view ${formatView(view.number)} is not on the disk of ${disk.file.id}`);
      if (end > 0 && disk.chainAt(end) !== candidate.chainAt(end)) {
        throw new Violation(`I3: the log of view ${formatView(view.number)} is not on the disk of ${disk.file.id}`);
      }
    }
    this.#requireNewWitnesses(view);
    this.#installed.set(formatView(view.number), view);
    for (const proposed of this.#proposed.values()) this.#requireChain(proposed, view);
  }

  /** R11: a witness that is not one of every view that was won has accepted. */
  #requireNewWitnesses(view: ViewRecord): void {
    const won = view.over.map(
      (number) => this.#installed.get(formatView(number)) ?? this.#proposed.get(formatView(number))!,
    );
    for (const witness of view.witnesses) {
      if (won.every(({ witnesses }) => witnesses.some(({ disk }) => disk === witness.disk))) continue;
      const disk = [...this.#disks()].find(({ file }) => file.disk === witness.disk);
      const { base = null, pending = [] } = disk?.file ?? {};
      // Of one that has gone on to a later view nobody can tell any more.
      const isPast = !disk || (base !== null && compareViews(base.number, view.number) >= 0);
      const hasAccepted = isPast || pending.some(({ number }) => sameView(number, view.number));
      if (!hasAccepted) throw new Violation(`R11: view ${formatView(view.number)} is new to the witness ${witness.id}`);
    }
  }

  /** Whether a disk is one of the last view that was installed, and has lost nothing since. */
  isOfLastView({ file, lostRowsOf, isOldCopy }: SimulatedDisk): boolean {
    const [first, ...others] = [...this.#installed.values()];
    if (!first || isOldCopy) return false;
    const last = others.reduce((a, b) => (compareViews(a.number, b.number) >= 0 ? a : b), first);
    return last.members.some(({ disk, incarnation }) => disk === file.disk && incarnation > lostRowsOf);
  }

  #onProposed(view: ViewRecord): void {
    const name = formatView(view.number);
    if (this.#proposed.has(name)) return;
    this.#onSeen(view);
    this.#proposed.set(name, view);
    for (const installed of this.#installed.values()) this.#requireChain(view, installed);
  }

  /** I6: a proposal above an installed view starts from it or from a later one, or has won it. */
  #requireChain(proposed: ViewRecord, installed: ViewRecord): void {
    if (compareViews(proposed.number, installed.number) <= 0) return;
    if (compareViews(proposed.baseNumber, installed.number) >= 0) return;
    if (proposed.over.some((number) => sameView(number, installed.number))) return;
    throw new Violation(
      `I6: ${formatView(proposed.number)} passes over ${formatView(installed.number)}, which is installed`,
    );
  }

  /** I8: who answers for a view has it on disk as its base, belongs to it, and for all but leases has promised no other. */
  onSend(disk: SimulatedDisk, message: PeerMessage): void {
    switch (message.type) {
      case 'start-view-change':
        requireEachOnce(message.members, message.number);
        break;
      case 'start-view':
        this.#onProposed(message.record);
        break;
      case 'pong':
        this.#requireBase(disk, message.base, 'grants a lease');
        break;
      case 'prepare-ok':
      case 'read-ok':
        this.#requireBase(disk, message.view, message.type === 'read-ok' ? 'confirms a read' : 'acknowledges');
        if (!sameView(disk.file.promised, message.view)) {
          throw new Violation(`I8: ${disk.file.id} answers in ${formatView(message.view)} after a higher promise`);
        }
        if (message.type === 'prepare-ok' && disk.entries.length < message.op) {
          throw new Violation(
            `R3: ${disk.file.id} acknowledges ${message.op}, its disk ends at ${disk.entries.length}`,
          );
        }
        break;
    }
  }

  #requireBase(disk: SimulatedDisk, number: ViewNumber, what: string): void {
    const { base } = disk.file;
    const isIn =
      base !== null && sameView(base.number, number) && base.members.some((one) => sameIncarnation(one, disk.file));
    if (!isIn)
      throw new Violation(`I8: ${disk.file.id} ${what} in ${formatView(number)}, which its disk does not have`);
  }
}

/** I2: a list that has a server twice would count its vote twice. */
function requireEachOnce(members: readonly Incarnation[], number: ViewNumber): void {
  const ids = new Set(members.map(({ id }) => id));
  if (ids.size !== members.length) throw new Violation(`I2: view ${formatView(number)} lists a server twice`);
}
