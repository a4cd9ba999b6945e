import type { Key } from '../screen/model.ts';

/** A key press as `node:readline` tells it. */
export interface KeyPress {
  name?: string | undefined;
  ctrl?: boolean;
  meta?: boolean;
  shift?: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  return: 'enter',
  // A line feed by itself is what Ctrl+J sends.
  enter: 'ctrl+j',
  backspace: 'backspace',
  delete: 'delete',
  tab: 'tab',
  up: 'up',
  down: 'down',
  left: 'left',
  right: 'right',
  home: 'home',
  end: 'end',
  pageup: 'page-up',
  pagedown: 'page-down',
  f1: 'f1',
  f2: 'f2',
  f3: 'f3',
  f4: 'f4',
  f5: 'f5',
  f6: 'f6',
  f7: 'f7',
  f8: 'f8',
};
/** Shift makes another key of these only. */
const SHIFTED: ReadonlySet<string> = new Set(['tab', 'up', 'down', 'page-up', 'page-down']);
const PRINTABLE = /^[^\x00-\x1f\x7f-\x9f]+$/u;

/** Makes keys of key presses: pasted text becomes one piece of text, whatever line breaks are in it. */
export class KeyDecoder {
  readonly #onKeys: (keys: readonly Key[]) => void;
  #pasted: string | undefined;
  #keys: Key[] = [];
  #flushing = false;

  /** @param onKeys is called once for all key presses that arrived together */
  constructor(onKeys: (keys: readonly Key[]) => void) {
    this.#onKeys = onKeys;
  }

  /** Takes the two arguments of a `keypress` event. */
  press(text: string | undefined, press: KeyPress): void {
    if (press.name === 'paste-start') this.#pasted = '';
    else if (press.name === 'paste-end') this.#endPaste();
    else if (this.#pasted !== undefined) this.#pasted += text ?? '';
    else this.#push(keyOf(text, press));
  }

  /** Takes a key that is told otherwise: `wheel-up`, `wheel-down`, `focus`, `blur`. Within a paste it means nothing. */
  pressNamed(name: string): void {
    if (this.#pasted === undefined) this.#push({ type: 'named', name });
  }

  #endPaste(): void {
    const text = this.#pasted ?? '';
    this.#pasted = undefined;
    if (text !== '') this.#push({ type: 'paste', text });
  }

  #push(key: Key | undefined): void {
    if (!key) return;
    this.#keys.push(key);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      const keys = joined(this.#keys);
      this.#keys = [];
      this.#onKeys(keys);
    });
  }
}

function keyOf(text: string | undefined, press: KeyPress): Key | undefined {
  const { name = '', ctrl = false, meta = false, shift = false } = press;
  if (name === 'escape') return { type: 'named', name: 'escape' };
  const special = NAMES[name];
  if (special) {
    const modifier = ctrl ? 'ctrl+' : meta ? 'alt+' : shift && SHIFTED.has(special) ? 'shift+' : '';
    return { type: 'named', name: modifier + special };
  }
  if (ctrl || meta)
    return /^[a-z0-9]$/.test(name) ? { type: 'named', name: `${ctrl ? 'ctrl' : 'alt'}+${name}` } : undefined;
  return text !== undefined && PRINTABLE.test(text) ? { type: 'text', text } : undefined;
}

/**
 * Neighbouring texts become one. Some terminals do not mark a paste: Enter in the middle of what arrived together is
 * taken for a line break, so that several lines never become several messages by accident.
 */
function joined(keys: readonly Key[]): Key[] {
  const isEnter = (key: Key): boolean => key.type === 'named' && key.name === 'enter';
  const isPaste = keys.some(
    (key, index) => isEnter(key) && keys.slice(index + 1).some((later) => later.type === 'text'),
  );
  const result: Key[] = [];
  for (const key of keys) {
    const read: Key = isPaste && isEnter(key) ? { type: 'paste', text: '\n' } : key;
    const last = result.at(-1);
    if (read.type !== 'named' && last && last.type !== 'named') {
      const type = read.type === 'paste' ? 'paste' : last.type;
      result[result.length - 1] = { type, text: last.text + read.text };
    } else result.push(read);
  }
  return result;
}
