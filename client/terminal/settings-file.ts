import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readOrEmpty, replaceFile } from '../line-file.ts';
import {
  ACTIONS,
  type Action,
  type Bindings,
  DEFAULT_BINDINGS,
  DEFAULT_SCREEN_SETTINGS,
  type NotifyRules,
  type ScreenSettings,
} from '../screen/screen-settings.ts';
import { THEME_NAMES, type ThemeName } from './theme.ts';

/** What people may choose about the terminal chat. */
export interface TerminalSettings {
  theme: ThemeName;
  /** The wheel scrolls; text is then selected with Shift held. */
  mouse: boolean;
  screen: ScreenSettings;
}

export const DEFAULT_SETTINGS: TerminalSettings = { theme: 'auto', mouse: true, screen: DEFAULT_SCREEN_SETTINGS };

type Fields = Record<string, unknown>;
const MODIFIED_KEY =
  /^((ctrl|alt|shift)\+)?([a-z0-9]|enter|tab|escape|up|down|left|right|home|end|page-up|page-down|backspace|delete|f[1-8])$/;

/** Where the settings are, in the client's state folder. */
export function settingsPath(stateFolder: string): string {
  return join(stateFolder, 'settings.json');
}

/**
 * Reads the settings; what the file leaves out, or all of it when there is no file, is as it is by default.
 *
 * @throws Error with one sentence that names the file, the value, and what was expected
 */
export function readSettings(stateFolder: string): TerminalSettings {
  const path = settingsPath(stateFolder);
  const content = readOrEmpty(path);
  if (content.trim() === '') return DEFAULT_SETTINGS;
  try {
    return settingsOf(parsed(content));
  } catch (failure) {
    throw new Error(`The settings in ${path} cannot be used: ${(failure as Error).message}`);
  }
}

/** Keeps which conversations never ring; everything else in the file stays. A file that cannot be read is not touched. */
export function keepMuted(stateFolder: string, muted: readonly string[]): void {
  const path = settingsPath(stateFolder);
  const content = readOrEmpty(path);
  const fields = content.trim() === '' ? {} : parsed(content);
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  replaceFile(path, `${JSON.stringify({ ...fields, muted }, null, 2)}\n`);
}

function parsed(content: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (failure) {
    throw new Error(`it is no JSON (${(failure as Error).message}).`);
  }
  return fieldsOf(value, 'the file');
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${what} is ${shown(value)}; expected an object in braces.`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function settingsOf(fields: Fields): TerminalSettings {
  const { theme = 'auto', mouse = true, notify = {}, muted = [], keys = {}, ...others } = fields;
  refuseOthers(others, 'theme, mouse, notify, muted and keys');
  return {
    theme: oneOf(theme, THEME_NAMES, '"theme"'),
    mouse: truth(mouse, '"mouse"'),
    screen: {
      notify: notifyOf(fieldsOf(notify, '"notify"')),
      muted: namesOf(muted),
      bindings: bindingsOf(fieldsOf(keys, '"keys"')),
    },
  };
}

function refuseOthers(others: Fields, known: string): void {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Error(`${JSON.stringify(unknown)} is not known; there are ${known}.`);
}

function oneOf<T extends string>(value: unknown, possible: readonly T[], what: string): T {
  const found = possible.find((one) => one === value);
  if (found === undefined) throw new Error(`${what} is ${shown(value)}; expected one of ${possible.join(', ')}.`);
  return found;
}

function truth(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new Error(`${what} is ${shown(value)}; expected true or false.`);
  return value;
}

function notifyOf(fields: Fields): NotifyRules {
  const { direct, mentions, rooms } = { ...DEFAULT_SCREEN_SETTINGS.notify, ...fields } as Fields;
  const { direct: _, mentions: __, rooms: ___, ...others } = fields;
  refuseOthers(others, 'direct, mentions and rooms');
  return {
    direct: truth(direct, '"direct" in "notify"'),
    mentions: truth(mentions, '"mentions" in "notify"'),
    rooms: truth(rooms, '"rooms" in "notify"'),
  };
}

function namesOf(value: unknown): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new Error(`"muted" is ${shown(value)}; expected a list of names, as in ["bob", "#lobby"].`);
}

function bindingsOf(fields: Fields): Bindings {
  const chosen: Record<string, Action | 'none'> = {};
  for (const [key, action] of Object.entries(fields)) {
    if (!MODIFIED_KEY.test(key)) {
      throw new Error(`${JSON.stringify(key)} in "keys" is no key; expected one as alt+a, ctrl+f, f3 or page-up.`);
    }
    chosen[key] = oneOf(action, [...ACTIONS, 'none'] as const, `${JSON.stringify(key)} in "keys"`);
  }
  return { ...DEFAULT_BINDINGS, ...chosen };
}
