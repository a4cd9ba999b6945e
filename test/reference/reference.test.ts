import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reference, undocumented } from './reference.ts';

describe('client/REFERENCE.md', () => {
  it('says what the doc comments say: if not, run npm run reference', () => {
    expect(readFileSync('client/REFERENCE.md', 'utf8')).toBe(reference());
  });

  it('has what programs use, of methods, options and events', () => {
    const page = reference();
    for (const name of ['ChatClient.on', 'Chat.send', 'folderStore', 'pageStore'])
      expect(page).toMatch(RegExp(`^#+ ${name}$`, 'm'));
    for (const row of ['servers', 'store?', 'giveUpAfterMs?', 'message-deleted', 'phase'])
      expect(page).toContain(`| \`${row}\` |`);
    expect(page).not.toContain('{@');
    expect(page).not.toContain('Replies[');
  });

  it('leaves nothing out: all that is exported, and each method, has a doc comment', () => {
    expect(undocumented()).toEqual([]);
  });
});
