import { describe, expect, it } from 'vitest';
import { ROOM_NAME_MAX_CHARACTERS } from '../../shared/limits.ts';
import { nameKey, normalizeRoomName, normalizeUsername } from '../../shared/names.ts';

describe('the name of a room', () => {
  it('is a "#" and what a username may be, stored in NFC', () => {
    const long = 'x'.repeat(ROOM_NAME_MAX_CHARACTERS);
    for (const name of ['#tea', '#Tea-2', '#чай', '#e\u0301', `#${long}`]) {
      expect(normalizeRoomName(name)).toEqual({ ok: true, value: name.normalize('NFC') });
      expect(normalizeUsername(name.slice(1))).toMatchObject({ ok: true });
      expect(normalizeUsername(name)).toMatchObject({ ok: false, error: { code: 'invalid-username' } });
    }
    for (const name of ['tea', '', '#', '##tea', '#-tea', '#two words', '#a,b', '\uff03tea', `#${long}x`]) {
      expect(normalizeRoomName(name), name).toMatchObject({
        ok: false,
        error: { code: 'invalid-room', definite: true },
      });
    }
  });

  it('has the same key in any width and case, and never that of a username', () => {
    expect(nameKey('#ＴＥＡ')).toBe(nameKey('#tea'));
    expect(nameKey('#tea')).not.toBe(nameKey('tea'));
  });
});
