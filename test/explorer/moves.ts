import { type Incarnation, incarnationKey, sameIncarnation } from '../../shared/views.ts';
import { draft } from '../support/replication-fixtures.ts';
import { addContacts } from './contacts.ts';
import type { Mail } from './inputs.ts';
import type { Model, World } from './model.ts';
import { isWitnessName, lifeText, numberText } from './names.ts';
import type { Server } from './servers.ts';
import type { Transition } from './transition.ts';

/** Something that may happen next. */
export interface Move {
  /** In the explorer's own language, in which a guided start is given; unlike all others of the same state. */
  readonly code: () => string;
  /** @returns whether it happened; if not, the transition is to be thrown away */
  readonly run: (transition: Transition) => boolean;
  /** Not stopped in the midst by a crash: it has no steps, or is one itself. */
  readonly isWhole?: boolean;
}

/** Everything that may happen in this state, within the bounds. */
export function movesOf(model: Model, world: World): Move[] {
  const moves: Move[] = world.net.mails.map((mail) => delivery(mail));
  const { used } = world.history;
  const { bounds } = model;
  for (let index = 0; index < world.servers.length; index++) {
    const server = world.servers[index]!;
    if (!server.running) {
      if (used.restarts < bounds.restarts) addRestarts(moves, model, world, index);
      continue;
    }
    addContacts(moves, model, world, index);
    if (server.isPrimary && used.operations < bounds.operations) moves.push(proposal(model, world, index));
    if (server.entries.length < server.running.log.endOp)
      moves.push(simple(model, `sync ${model.names[index]}`, index, 'sync'));
    if (mayFollow(model, world, server)) moves.push(simple(model, `join ${model.names[index]}`, index, 'follow'));
    if (used.numbers < bounds.numbers && !isWitnessName(model.names[index]!)) addRequests(moves, model, server, index);
    if (used.crashes < bounds.crashes) moves.push(crash(model, index));
  }
  return moves;
}

function delivery(mail: Mail): Move {
  return {
    code: () => `deliver ${lifeText(mail.from)}>${lifeText(mail.to)} ${mailText(mail)}`,
    run: (transition) => {
      transition.lose(mail);
      transition.deliver(mail);
      transition.settle();
      return true;
    },
  };
}

function mailText({ message }: Mail): string {
  switch (message.type) {
    case 'start-view-change':
      return `ask ${numberText(message.number)}`;
    case 'promise':
      return `promise ${numberText(message.number)}${message.cleanDead.map((life) => ` ${lifeText(life)}`).join('')}`;
    case 'start-view':
      return `propose ${numberText(message.record.number)}`;
    case 'view-ok':
      return `accept ${numberText(message.number)}`;
    case 'prepare':
      return `prepare ${numberText(message.view)} ${message.firstOp}-${message.firstOp + message.entries.length - 1}`;
    case 'prepare-ok':
      return `ack ${numberText(message.view)} ${message.op}${message.resend ? ' resend' : ''}`;
    default:
      return message.type;
  }
}

function simple(model: Model, code: string, index: number, type: 'sync' | 'follow'): Move {
  return {
    code: () => code,
    run: (transition) => {
      transition.give(
        index,
        model.inputs.named(type, () => ({ type })),
      );
      transition.settle();
      return true;
    },
  };
}

function proposal(model: Model, world: World, index: number): Move {
  const request = world.history.used.operations + 1;
  return {
    code: () => `propose ${model.names[index]}`,
    run: (transition) => {
      transition.use('operations');
      transition.give(
        index,
        model.inputs.named(`propose ${request}`, () => ({
          type: 'core',
          input: { type: 'propose', drafts: [draft(request)] },
        })),
      );
      transition.settle();
      return true;
    },
  };
}

function crash(model: Model, index: number): Move {
  return {
    code: () => `crash ${model.names[index]}`,
    isWhole: true,
    run: (transition) => {
      transition.use('crashes');
      transition.give(
        index,
        model.inputs.named('crash', () => ({ type: 'crash' })),
      );
      return true;
    },
  };
}

function addRestarts(moves: Move[], model: Model, world: World, index: number): void {
  const { used } = world.history;
  const losable = used.losses < model.bounds.losses ? Math.min(1, world.servers[index]!.entries.length) : 0;
  for (let lostRows = 0; lostRows <= losable; lostRows++) {
    moves.push({
      code: () => `restart ${model.names[index]}${lostRows > 0 ? ' lossy' : ''}`,
      isWhole: true,
      run: (transition) => {
        transition.use('restarts');
        if (lostRows > 0) transition.use('losses');
        transition.give(
          index,
          model.inputs.named(`restart ${lostRows}`, () => ({ type: 'restart', lostRows })),
        );
        return true;
      },
    });
  }
}

/** On one connection news of a view goes before the rows of its log. */
function mayFollow({ lateNews }: Model, { servers }: World, server: Server): boolean {
  if (!isOutside(server)) return false;
  const primary = server.file.base!.members[0]!.id;
  return lateNews || servers.some(({ self, baseRank }) => self.id === primary && baseRank === server.baseRank);
}

function isOutside({ running, file, self }: Server): boolean {
  return running !== null && file.base !== null && !file.base.members.some((member) => sameIncarnation(member, self));
}

/** It asks for another view, with any of the other members silent. */
function addRequests(moves: Move[], model: Model, server: Server, index: number): void {
  const { base } = server.file;
  if (!base) return;
  const others = base.members.filter(({ id }) => id !== server.self.id);
  const isListed = !isOutside(server);
  const suspects = isListed ? others.filter((member) => !server.running!.dead.has(incarnationKey(member))) : [];
  const isBack = ({ id, incarnation }: Incarnation) => {
    const link = server.running!.links.get(id);
    return link !== undefined && link.self.incarnation !== incarnation;
  };
  const attempts = isListed && others.some(isBack) ? 2 : 1;
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (let subset = 0; subset < 2 ** suspects.length; subset++) {
      const silent = suspects.filter((_, at) => (subset >> at) & 1);
      moves.push(request(model, index, silent, attempt));
    }
  }
}

function request(model: Model, index: number, silent: readonly Incarnation[], attempt: number): Move {
  const without = silent.map((member) => ` -${lifeText(member)}`).join('');
  return {
    code: () => `ask ${model.names[index]}${without}${attempt > 0 ? ' again' : ''}`,
    run: (transition) => {
      const input = model.inputs.named(`ask${without} ${attempt}`, () => ({ type: 'ask', silent, attempt }));
      const before = transition.history.used.numbers;
      // Whoever is refused for its number knows a higher one then, and asks again.
      for (let tries = 0; tries < 3 && transition.broken === ''; tries++) {
        const { running, file } = transition.servers[index]!;
        if (!running) return true;
        transition.refusedForNumber = false;
        for (const to of [silent, file.base!.members]) {
          if (model.steps.of(transition.servers[index]!, input).waitsForGrant) transition.endGrants(index, to);
        }
        transition.give(index, input);
        transition.settle();
        if (transition.history.used.numbers > before) return true;
        if (!transition.refusedForNumber) break;
      }
      return transition.broken !== '' || transition.history.used.numbers > before;
    },
  };
}
