import { describe, expect, it } from 'vitest';
import type { Key } from '../../client/screen/model.ts';
import { KeyDecoder, type KeyPress } from '../../client/terminal/keys.ts';
import { RawInput } from '../../client/terminal/raw-input.ts';

describe('keys', () => {
  async function decode(presses: readonly (readonly [string | undefined, KeyPress])[]): Promise<Key[]> {
    const keys: Key[] = [];
    const decoder = new KeyDecoder((some) => keys.push(...some));
    for (const [text, press] of presses) decoder.press(text, press);
    await Promise.resolve();
    return keys;
  }
  const text = (typed: string): [string, KeyPress] => [typed, { name: typed }];

  it('a marked paste is one text, whatever line breaks are in it', async () => {
    const presses: [string | undefined, KeyPress][] = [
      [undefined, { name: 'paste-start' }],
      text('a'),
      ['\r', { name: 'return' }],
      text('b'),
      ['\r', { name: 'return' }],
      [undefined, { name: 'paste-end' }],
    ];
    expect(await decode(presses)).toEqual([{ type: 'paste', text: 'a\rb\r' }]);
  });

  it('several lines that arrive together are a paste too, a line and Enter are typing', async () => {
    const enter: [string, KeyPress] = ['\r', { name: 'return' }];
    expect(await decode([text('a'), enter, text('b')])).toEqual([{ type: 'paste', text: 'a\nb' }]);
    expect(await decode([text('a'), text('b'), enter])).toEqual([
      { type: 'text', text: 'ab' },
      { type: 'named', name: 'enter' },
    ]);
  });

  it('knows modifiers', async () => {
    const presses: [string | undefined, KeyPress][] = [
      ['\x17', { name: 'w', ctrl: true }],
      [undefined, { name: '3', meta: true }],
      [undefined, { name: 'up', meta: true }],
      [undefined, { name: 'tab', shift: true }],
      [undefined, { name: 'escape', meta: true }],
    ];
    const names = (await decode(presses)).map((key) => (key.type === 'named' ? key.name : key.text));
    expect(names).toEqual(['ctrl+w', 'alt+3', 'alt+up', 'shift+tab', 'escape']);
  });

  it('tells Shift of arrows, function keys, and reports of the terminal apart', async () => {
    const keys: Key[] = [];
    const decoder = new KeyDecoder((some) => keys.push(...some));
    decoder.press(undefined, { name: 'up', shift: true });
    decoder.press(undefined, { name: 'f1' });
    decoder.pressNamed('wheel-up');
    decoder.press(undefined, { name: 'paste-start' });
    decoder.pressNamed('blur');
    decoder.press(undefined, { name: 'paste-end' });
    await Promise.resolve();
    expect(keys.map((key) => (key.type === 'named' ? key.name : key.text))).toEqual(['shift+up', 'f1', 'wheel-up']);
  });
});

describe('what the terminal sends', () => {
  function split(...pieces: (string | Uint8Array)[]): { keyboard: string; reports: string[] } {
    const reports: string[] = [];
    let keyboard = '';
    const input = new RawInput(
      (text) => {
        keyboard += text;
      },
      (name) => reports.push(name),
    );
    for (const piece of pieces) input.push(piece);
    return { keyboard, reports };
  }

  it('is keys, the wheel, and whether the window is looked at; buttons mean nothing', () => {
    expect(split('a\x1b[<64;1;1Mb\x1b[<0;3;4M\x1b[<0;3;4m\x1b[I\x1b[Oc\x1b[<65;200;99M\x1b[A')).toEqual({
      keyboard: 'abc\x1b[A',
      reports: ['wheel-up', 'focus', 'blur', 'wheel-down'],
    });
  });

  it('is the same however it is torn, but for the first byte of a report', () => {
    const whole = 'é\x1b[<64;10;20M日\x1b[B\x1b[I';
    const bytes = new TextEncoder().encode(whole);
    for (let at = 0; at <= bytes.length; at++) {
      // An Esc by itself is a key, and is not held back.
      if (at > 0 && bytes[at - 1] === 0x1b) continue;
      expect(split(bytes.slice(0, at), bytes.slice(at))).toEqual(split(whole));
    }
  });
});
