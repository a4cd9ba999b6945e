import type { Message } from '../../shared/api.ts';
import type { Editor } from './editor.ts';
import type { ChatRequest } from './effects.ts';

/** A row that can be chosen: an account, a member of a room, or a room. */
export interface Choice {
  readonly name: string;
  /** Of an account. */
  readonly online?: boolean;
  readonly detail: string;
}

/** A list from the servers, page by page. */
export interface ChoicePanel {
  readonly kind: 'choices';
  readonly what: 'accounts' | 'rooms' | 'members';
  /** The pattern, or for members the room. */
  readonly of: string;
  readonly choices: readonly Choice[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly selected: number;
}

export interface SearchPanel {
  readonly kind: 'search';
  readonly text: Editor;
  /** Name of the conversation that is searched; null: all of them. */
  readonly within: string | null;
  /** The number of the search that the results belong to; 0 while there was none. */
  readonly number: number;
  /** What was looked for. */
  readonly asked: string;
  /** The newest first. */
  readonly results: readonly Message[];
  /** Where older ones would be looked for; null when everything was looked at. */
  readonly before: number | null;
  readonly loading: boolean;
  readonly message: string;
  readonly selected: number;
}

export interface SecretPanel {
  readonly kind: 'secret';
  readonly purpose: 'delete-account' | 'change-password';
  /** The password; for a change also the new one, twice. */
  readonly fields: readonly Editor[];
  readonly focus: number;
  readonly busy: boolean;
  /** A sentence under the fields; empty for none. */
  readonly message: string;
}

/** What lies over the messages: at most one, closed by Esc. */
export type Panel =
  | { readonly kind: 'help'; readonly firstRow: number }
  | { readonly kind: 'cluster'; readonly selected: number; readonly killArmed: boolean }
  | { readonly kind: 'jump'; readonly text: Editor; readonly selected: number }
  | { readonly kind: 'confirm'; readonly question: string; readonly request: ChatRequest }
  | ChoicePanel
  | SearchPanel
  | SecretPanel;

export type PanelOf<K extends Panel['kind']> = Extract<Panel, { kind: K }>;
