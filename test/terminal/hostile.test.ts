import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatClient } from '../../client/chat-client.ts';
import { openChat } from '../../client/open-chat.ts';
import { textWidth } from '../../client/screen/text-width.ts';
import { Cluster, DIST } from '../support/cluster.ts';
import { TerminalSession, whyNoTerminals } from '../support/terminal-session.ts';

const PASSWORD = 'correct horse';
const ESC = '\u001b';
const MARK = 'marker';
/** Each with what a terminal would do if it obeyed. */
const HOSTILE: readonly (readonly [what: string, body: string])[] = [
  ['clears the screen', `${ESC}[2J${ESC}[H${MARK}1`],
  ['leaves the alternate screen', `${ESC}[?1049l${MARK}2`],
  ['sets the title', `${ESC}]0;stolen title\u0007${MARK}3`],
  ['writes to the clipboard', `${ESC}]52;c;c3RvbGVu\u0007${MARK}4`],
  ['moves the cursor up', `${ESC}[20A${MARK}5`],
  ['is a C1 control', `\u009b2J\u009d0;stolen title\u009c${MARK}6`],
  ['hides everything that follows', `${ESC}[8m${ESC}(0${MARK}7`],
  ['turns the direction around', `\u202eelit\u202c \u2067${MARK}8`],
  ['is full of carriage returns', `one\rtwo\r\n${MARK}9`],
  ['is full of bells and backspaces', `\u0007\b\b\b\b\u007f${MARK}10`],
  ['stacks marks', `a${'\u0301'.repeat(200)} ${MARK}11`],
  ['is wide', `日本語テキスト 한국어 👩‍👩‍👧‍👦 🇩🇪 ${MARK}12`],
  ['has no width', `\u200b\u200d\ufeff\u2060${MARK}13`],
  ['is a formula', `=cmd|' /C calc'!A0 ${MARK}14`],
];

const missing = whyNoTerminals();
if (missing !== '') console.warn(`Hostile texts are not shown in a terminal: ${missing}.`);

describe.skipIf(missing !== '')('what people write cannot hurt the terminal', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let mallory: ChatClient | undefined;
  let terminal: TerminalSession | undefined;

  afterEach(async () => {
    await terminal?.close();
    await mallory?.close();
    await cluster.close();
  });

  it.each([
    [80, 24],
    [200, 60],
  ])('in messages, topics, names of rooms, display names and reactions, at %i×%i', async (columns, rows) => {
    cluster = await Cluster.started();
    mallory = await openChat({
      servers: cluster.addresses,
      username: null,
      stateFolder: join(cluster.folder, 'mallory'),
      replay: false,
    });
    mallory.start();
    // Names may be of any script, with marks; controls are refused before they get anywhere.
    const entered = await mallory.createAccount('mällory[日本]', PASSWORD);
    expect(entered).toMatchObject({ ok: true });
    expect(await mallory.setDisplayName(`M${ESC}[2J`)).toMatchObject({ ok: false });
    expect(await mallory.setDisplayName('\u202eyrollam')).toMatchObject({ ok: false });
    expect(await mallory.setDisplayName('👩‍👩‍👧‍👦 王')).toMatchObject({ ok: true });
    expect(await mallory.createRoom('#trap', `${ESC}]0;stolen title\u0007`)).toMatchObject({ ok: false });
    expect(await mallory.createRoom('#__proto__', '日本 👍')).toMatchObject({ ok: true });

    const command = ['--server', cluster.addresses.join(','), '--state-folder', join(cluster.folder, 'alice')];
    terminal = await TerminalSession.open({
      columns,
      rows,
      command: [process.execPath, join(DIST, 'client/main.js'), ...command],
    });
    await terminal.shows('servers 3 of 3');
    await terminal.type('alice', false);
    await terminal.press('Tab');
    await terminal.type(PASSWORD);
    await terminal.shows('Welcome, alice.');
    await terminal.type('/join #__proto__');
    await terminal.shows('日本 👍');

    for (const [index, [, body]] of HOSTILE.entries()) {
      const sent = await mallory.send('#__proto__', body);
      if (!sent.ok) throw new Error(sent.error.message);
      await terminal.shows(new RegExp(`${MARK}${index + 1}(?!\\d)`));
      if (index % 4 === 0) await mallory.react(sent.value.id, '👩‍👩‍👧‍👦');
    }
    await terminal.shows(`${MARK}${HOSTILE.length}`);

    const screen = (await terminal.capture()).split('\n');
    expect(screen[0]).toContain('understudy');
    expect(screen.slice(0, rows).some((line) => line.includes('/help'))).toBe(true);
    // The frame stands where it stands: nothing has pushed it aside.
    const framed = screen.slice(2, rows - 4).filter((line) => line.includes('│'));
    expect(framed.length).toBeGreaterThan(rows / 2);
    const columnsOfFrame = new Set(framed.map((line) => textWidth(line.slice(0, line.indexOf('│')))));
    expect([...columnsOfFrame]).toHaveLength(1);
    for (const line of screen) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expect(await terminal.title()).not.toContain('stolen');
  });
});
