import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, keepMuted, readSettings, settingsPath } from '../../client/terminal/settings-file.ts';
import { themeFor } from '../../client/terminal/theme.ts';

describe('the settings', () => {
  let folder = '';
  const write = (content: string): void => writeFileSync(settingsPath(folder), content);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are the default ones where there is no file, and for what the file leaves out', () => {
    expect(readSettings(folder)).toEqual(DEFAULT_SETTINGS);
    write('{ "theme": "dark", "notify": { "rooms": true }, "keys": { "alt+n": "next-unread", "ctrl+k": "none" } }');
    const { theme, mouse, screen } = readSettings(folder);
    expect([theme, mouse, screen.notify]).toEqual(['dark', true, { direct: true, mentions: true, rooms: true }]);
    expect(screen.bindings).toMatchObject({ 'alt+n': 'next-unread', 'ctrl+k': 'none', enter: 'send' });
  });

  it.each([
    ['{ "theme": "pink" }', '"theme" is "pink"; expected one of auto, dark, light, sixteen, none.'],
    ['{ "mouse": 1 }', '"mouse" is 1; expected true or false.'],
    ['{ "notify": { "direct": "no" } }', '"direct" in "notify" is "no"; expected true or false.'],
    ['{ "notify": { "bell": true } }', '"bell" is not known; there are direct, mentions and rooms.'],
    ['{ "colour": "dark" }', '"colour" is not known; there are theme, mouse, notify, muted and keys.'],
    ['{ "muted": "bob" }', '"muted" is "bob"; expected a list of names'],
    ['{ "keys": { "hyper+x": "find" } }', '"hyper+x" in "keys" is no key'],
    ['{ "keys": { "alt+x": "fly" } }', '"alt+x" in "keys" is "fly"; expected one of send, new-line'],
    ['[1]', 'the file is [1]; expected an object in braces.'],
    ['{ "theme": ', 'it is no JSON'],
  ])('%s is answered with one sentence that names the file and what is wrong', (content, sentence) => {
    write(content);
    expect(() => readSettings(folder)).toThrow(`The settings in ${settingsPath(folder)} cannot be used: ${sentence}`);
  });

  it('keep which conversations are silent, and everything else that stands there', () => {
    write('{ "theme": "light" }');
    keepMuted(folder, ['bob', '#lobby']);
    expect(readSettings(folder)).toMatchObject({ theme: 'light', screen: { muted: ['bob', '#lobby'] } });
    expect(statSync(settingsPath(folder)).mode & 0o077).toBe(0);
    write('{ "theme": ');
    expect(() => keepMuted(folder, [])).toThrow('no JSON');
    expect(readFileSync(settingsPath(folder), 'utf8')).toBe('{ "theme": ');
  });

  it('NO_COLOR says none, whatever theme was chosen', () => {
    for (const name of ['auto', 'dark', 'light', 'sixteen'] as const) {
      expect(themeFor({ NO_COLOR: '1' }, name)).toEqual(themeFor({}, 'none'));
      expect(themeFor({}, name)).not.toEqual(themeFor({}, 'none'));
    }
    expect(Object.values(themeFor({}, 'none')).some((look) => look.color !== undefined)).toBe(false);
  });
});
