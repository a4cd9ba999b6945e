import { type Result, refusal, success } from './errors.ts';
import { ROOM_NAME_MAX_CHARACTERS, USERNAME_MAX_CHARACTERS } from './limits.ts';

/** What most names are; nothing of it changes when it is normalized. */
const PLAIN = /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}$/;
const ALLOWED = /^[\p{L}\p{M}\p{Nd}\-_.[\]{}\\|^`]+$/u;

type Kind = 'username' | 'room name';

/**
 * A username as it is stored: NFC, 1 to 32 characters, letters and digits of any script and ``- _ . [ ] { } \ | ^ ` ``,
 * not starting with `-` (an option on a command line) or `#` (a room).
 *
 * @returns the stored form, or `invalid-username` with what is wrong
 */
export function normalizeUsername(typed: string): Result<string> {
  if (PLAIN.test(typed)) return success(typed);
  const name = typed.normalize('NFC');
  const wrong = whatIsWrong('username', name, USERNAME_MAX_CHARACTERS);
  return wrong === '' ? success(name) : refusal('invalid-username', wrong);
}

/**
 * A room's name as it is stored: `#`, then what a username may be.
 *
 * @returns the stored form, or `invalid-room` with what is wrong
 */
export function normalizeRoomName(typed: string): Result<string> {
  const name = typed.normalize('NFC');
  if (!name.startsWith('#')) {
    return refusal('invalid-room', `The room name ${shown(name)} does not start with "#"; put one in front of it.`);
  }
  const wrong = whatIsWrong('room name', name.slice(1), ROOM_NAME_MAX_CHARACTERS);
  return wrong === '' ? success(name) : refusal('invalid-room', wrong);
}

/** @returns a sentence; empty when nothing is wrong */
function whatIsWrong(kind: Kind, name: string, maxCharacters: number): string {
  if (PLAIN.test(name)) return '';
  if (name === '') return `The ${kind} is empty; choose 1 to ${maxCharacters} letters or digits.`;
  const characters = [...name];
  if (characters.length > maxCharacters) {
    return `The ${kind} ${shown(name)} has ${characters.length} characters; at most ${maxCharacters} are possible.`;
  }
  if (/^[-#]/.test(name)) {
    return `The ${kind} ${shown(name)} starts with "${name[0]}"; start it with another character.`;
  }
  if (ALLOWED.test(name)) return '';
  const offender = characters.find((character) => !ALLOWED.test(character)) ?? '';
  return `The ${kind} ${shown(name)} contains ${JSON.stringify(offender)}; letters, digits and - _ . [ ] { } \\ | ^ \` are possible.`;
}

function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${[...name].slice(0, 40).join('')}…` : name);
}

/** Two names are the same when their keys are equal: NFKC, then lower case, so that look-alikes by width or case are one. */
export function nameKey(username: string): string {
  return PLAIN.test(username) ? username.toLowerCase() : username.normalize('NFKC').toLowerCase();
}
