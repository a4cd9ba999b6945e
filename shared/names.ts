import { type Result, refusal, success } from './errors.ts';
import { USERNAME_MAX_CHARACTERS } from './limits.ts';

/** What most names are; nothing of it changes when it is normalized. */
const PLAIN = /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}$/;
const ALLOWED = /^[\p{L}\p{M}\p{Nd}\-_.[\]{}\\|^`]+$/u;

/**
 * A username as it is stored: NFC, 1 to 32 characters, letters and digits of any script and ``- _ . [ ] { } \ | ^ ` ``,
 * not starting with `-` (an option on a command line) or `#` (a room).
 *
 * @returns the stored form, or `invalid-username` with what is wrong
 */
export function normalizeUsername(typed: string): Result<string> {
  if (PLAIN.test(typed)) return success(typed);
  const name = typed.normalize('NFC');
  const shown = JSON.stringify(name.length > 40 ? `${[...name].slice(0, 40).join('')}…` : name);
  if (name === '') return refusal('invalid-username', 'The username is empty; choose 1 to 32 letters or digits.');
  if ([...name].length > USERNAME_MAX_CHARACTERS) {
    const length = [...name].length;
    return refusal('invalid-username', `The username ${shown} has ${length} characters; at most 32 are possible.`);
  }
  if (/^[-#]/.test(name)) {
    return refusal(
      'invalid-username',
      `The username ${shown} starts with "${name[0]}"; start it with another character.`,
    );
  }
  if (!ALLOWED.test(name)) {
    const offender = [...name].find((character) => !ALLOWED.test(character)) ?? '';
    return refusal(
      'invalid-username',
      `The username ${shown} contains ${JSON.stringify(offender)}; letters, digits and - _ . [ ] { } \\ | ^ \` are possible.`,
    );
  }
  return success(name);
}

/**
 * The name of a room as it is stored: `#`, and behind it what could be a username.
 *
 * @returns the stored form with its `#`, or `invalid-room` with what is possible
 */
export function normalizeRoomName(typed: string): Result<string> {
  const name = typed.startsWith('#') ? normalizeUsername(typed.slice(1)) : undefined;
  if (name?.ok) return success(`#${name.value}`);
  const shown = JSON.stringify(typed.length > 40 ? `${[...typed].slice(0, 40).join('')}…` : typed);
  const possible = '"#" and 1 to 32 letters, digits and - _ . [ ] { } \\ | ^ `, not beginning with "-"';
  return refusal('invalid-room', `The room name ${shown} is not possible; rooms are named ${possible}.`);
}

/** Two names are the same when their keys are equal: NFKC, then lower case, so that look-alikes by width or case are one. */
export function nameKey(username: string): string {
  return PLAIN.test(username) ? username.toLowerCase() : username.normalize('NFKC').toLowerCase();
}
