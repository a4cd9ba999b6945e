import { incarnationKey, type ViewRecord } from '../../shared/views.ts';
import type { Effect } from './effects.ts';
import { listText, numberText, rankOf } from './names.ts';

/** What happened so far as far as any rule speaks of it, and how much of the bounds is used up. Never changed. */
export interface History {
  readonly number: number;
  /** By op number, from 1: the entry's chain digest and the view in which it was committed first. */
  readonly committed: readonly { chain: string; view: number }[];
  /** Up to it, some primary has answered. */
  readonly acknowledged: number;
  readonly installed: readonly InstalledView[];
  readonly proposed: readonly ProposedView[];
  readonly used: Readonly<Usage>;
  readonly next: Map<Effect | keyof Usage, History | string>;
}

/** How often what is bounded happened. */
export interface Usage {
  /** View changes begun: a candidate promised itself a number. */
  numbers: number;
  operations: number;
  crashes: number;
  restarts: number;
  losses: number;
}

interface ProposedView {
  readonly view: number;
  readonly text: string;
  readonly members: string;
  readonly base: number;
  readonly over: readonly number[];
}

interface InstalledView extends ProposedView {
  readonly memberKeys: readonly string[];
  readonly chains: readonly string[];
}

/** Gives equal histories one object, and judges each step of one (I2, I5, I6). */
export class Histories {
  readonly all: History[] = [];
  readonly #byText = new Map<string, History>();
  readonly #ignored: ReadonlySet<string>;

  /** @param ignored what is not judged, as `I6` */
  constructor(ignored: ReadonlySet<string>) {
    this.#ignored = ignored;
  }

  /** Empty for what is not judged. */
  judge(broken: string): string {
    return broken !== '' && this.#ignored.has(broken.split(':', 1)[0]!) ? '' : broken;
  }

  intern(parts: Omit<History, 'number' | 'next'>): History {
    const { committed, acknowledged, installed, proposed, used } = parts;
    const text = JSON.stringify([committed, acknowledged, installed, proposed, Object.values(used)]);
    const known = this.#byText.get(text);
    if (known) return known;
    const number = this.all.length;
    const history: History = { number, committed, acknowledged, installed, proposed, used, next: new Map() };
    this.all.push(history);
    this.#byText.set(text, history);
    return history;
  }

  count(history: History, what: keyof Usage): History {
    const known = history.next.get(what);
    if (known !== undefined) return known as History;
    const result = this.intern({ ...history, used: { ...history.used, [what]: history.used[what] + 1 } });
    history.next.set(what, result);
    return result;
  }

  /** @returns the history with this in it, or which invariant it breaks */
  after(history: History, effect: Effect): History | string {
    const known = history.next.get(effect);
    if (known !== undefined) return known;
    const result = this.#after(history, effect);
    history.next.set(effect, result);
    return result;
  }

  #after(history: History, effect: Effect): History | string {
    switch (effect.type) {
      case 'begun':
        return this.count(history, 'numbers');
      case 'proposed':
        return this.#withProposal(history, viewOf(effect.record));
      case 'installed':
        return this.#withInstallation(history, effect.record, effect.chains);
      case 'committed':
        return this.#withCommit(history, effect);
      case 'broken':
        return this.judge(effect.rule) || history;
      default:
        return history;
    }
  }

  #withProposal(history: History, view: ProposedView): History | string {
    const known = history.proposed.find((other) => other.view === view.view);
    if (known) return known.members === view.members ? history : `I2: ${view.text} names two lists`;
    for (const installed of history.installed) {
      if (follows(view, installed)) continue;
      const broken = this.judge(`I6: ${view.text} is proposed and has not won ${installed.text}`);
      if (broken !== '') return broken;
    }
    return this.intern({ ...history, proposed: [...history.proposed, view].sort((a, b) => a.view - b.view) });
  }

  #withInstallation(before: History, record: ViewRecord, chains: readonly string[]): History | string {
    const view = viewOf(record);
    const history = this.#withProposal(before, view);
    if (typeof history === 'string') return history;
    for (const proposed of history.proposed) {
      if (follows(proposed, view)) continue;
      const broken = this.judge(`I6: ${view.text} is installed, but ${proposed.text} has not won it`);
      if (broken !== '') return broken;
    }
    for (const [index, { chain, view: committedIn }] of history.committed.entries()) {
      if (committedIn <= view.view && chains[index] !== chain) {
        return `I5: ${view.text} is installed without operation ${index + 1}, which is committed`;
      }
    }
    const memberKeys = record.members.map(incarnationKey);
    const installed = [...history.installed, { ...view, memberKeys, chains }].sort((a, b) => a.view - b.view);
    return this.intern({ ...history, installed });
  }

  #withCommit(history: History, effect: Effect & { type: 'committed' }): History | string {
    const committed = [...history.committed];
    for (const [index, chain] of effect.chains.entries()) {
      const op = effect.fromOp + index;
      const known = committed[op - 1];
      if (known) {
        if (known.chain !== chain) return `I5: two different operations ${op} are committed`;
        continue;
      }
      if (committed.length !== op - 1) return `I5: operation ${op} is committed, and ${committed.length + 1} is not`;
      const lacking = history.installed.find(({ view, chains }) => view > effect.view && chains[op - 1] !== chain);
      if (lacking) return `I5: operation ${op} is committed, but ${lacking.text} was installed without it`;
      committed.push({ chain, view: effect.view });
    }
    const last = effect.fromOp + effect.chains.length - 1;
    const acknowledged = effect.byPrimary ? Math.max(history.acknowledged, last) : history.acknowledged;
    return this.intern({ ...history, committed, acknowledged });
  }
}

function viewOf(record: ViewRecord): ProposedView {
  return {
    view: rankOf(record.number),
    text: `view ${numberText(record.number)} = ${listText(record.members, record.witnesses)}`,
    members: listText(record.members, record.witnesses),
    base: rankOf(record.baseNumber),
    over: record.over.map(rankOf),
  };
}

/** I6: has won the installed view, or started from it or a later one; or is no later view. */
function follows(proposed: ProposedView, installed: ProposedView): boolean {
  const { view } = installed;
  return proposed.view <= view || proposed.base >= view || proposed.over.includes(view);
}
