import type { ChatClient } from '../../client/chat-client.ts';
import type { Result } from '../../shared/errors.ts';
import type { AskedEvent } from './client-events.ts';
import type { PasswordBook } from './password-book.ts';

/** What a user needs of the client in whose hands it is. */
export interface Hands {
  chat: ChatClient;
  /** Begins the texts that it writes, so that no two are alike. */
  name: string;
  account: string;
  /** Of all clients, for whom to write to. */
  accounts: readonly string[];
  /** Names of the rooms that anybody makes. */
  rooms: readonly string[];
  passwords: PasswordBook;
  /** The highest position that was met. */
  lastPosition(): number;
  nextCall(): number;
  /** Asks, and has it written down. @returns undefined when the client has crashed meanwhile */
  ask<T extends object>(
    event: AskedEvent,
    ask: Record<string, unknown>,
    run: () => Promise<Result<T>>,
    call?: number,
  ): Promise<Result<T> | undefined>;
}

export const WRONG_PASSWORD = 'another password';

/** Asks as whoever is logged in. */
export function askAsAccount<T extends object>(
  hands: Hands,
  event: AskedEvent,
  ask: Record<string, unknown>,
  run: () => Promise<Result<T>>,
  call?: number,
): void {
  const as = CHANGES_WHO_IS_LOGGED_IN.has(event) ? {} : { account: hands.chat.username };
  void hands.ask(event, { ...as, ...ask }, run, call);
}

/** Of these it shows by itself for whom they are. */
const CHANGES_WHO_IS_LOGGED_IN: ReadonlySet<AskedEvent> = new Set<AskedEvent>([
  'account:delete',
  'account:list',
  'session:close',
  'session:close-all',
]);

export function pick<T>(items: readonly T[], choice: number): T {
  return items[Math.floor(choice * items.length)]!;
}

export function pickOrNone<T>(items: readonly T[], choice: number): T | undefined {
  return items[Math.floor(choice * items.length)];
}

/** Another choice that follows from the first. */
export function furtherChoice(choice: number): number {
  return (choice * 1009) % 1;
}
