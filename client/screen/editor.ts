import { graphemes } from './text-width.ts';

/** A text being typed; `cursor` counts UTF-16 units and always stands between two user-perceived characters. */
export interface Editor {
  readonly text: string;
  readonly cursor: number;
}

export const EMPTY_EDITOR: Editor = { text: '', cursor: 0 };

/** A text with the cursor behind it. */
export function editorWith(text: string): Editor {
  return { text, cursor: text.length };
}

/** Types or pastes: line breaks become line feeds, other control characters but the tab are left out. */
export function insertText(editor: Editor, typed: string): Editor {
  const clean = typed.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
  if (clean === '') return editor;
  const text = editor.text.slice(0, editor.cursor) + clean + editor.text.slice(editor.cursor);
  return { text, cursor: editor.cursor + clean.length };
}

/** {@link insertText} for a field of one line: line breaks and tabs become spaces. */
export function insertLine(editor: Editor, typed: string): Editor {
  return insertText(editor, typed.replace(/[\r\n\t]+/g, ' '));
}

function before(editor: Editor): number {
  return editor.cursor - (graphemes(editor.text.slice(0, editor.cursor)).at(-1)?.length ?? 0);
}

function after(editor: Editor): number {
  return editor.cursor + (graphemes(editor.text.slice(editor.cursor))[0]?.length ?? 0);
}

function wordBefore(editor: Editor): number {
  return editor.text.slice(0, editor.cursor).replace(/\S+\s*$|\s+$/u, '').length;
}

function wordAfter(editor: Editor): number {
  return editor.cursor + (/^\s*\S+|^\s+/u.exec(editor.text.slice(editor.cursor))?.[0].length ?? 0);
}

function lineStart(editor: Editor): number {
  return editor.cursor === 0 ? 0 : editor.text.lastIndexOf('\n', editor.cursor - 1) + 1;
}

function lineEnd(editor: Editor): number {
  const end = editor.text.indexOf('\n', editor.cursor);
  return end === -1 ? editor.text.length : end;
}

function cut(editor: Editor, from: number, to: number): Editor {
  return { text: editor.text.slice(0, from) + editor.text.slice(to), cursor: from };
}

function moveTo(editor: Editor, cursor: number): Editor {
  return cursor === editor.cursor ? editor : { text: editor.text, cursor };
}

const EDITS: Readonly<Record<string, (editor: Editor) => Editor>> = {
  left: (editor) => moveTo(editor, before(editor)),
  right: (editor) => moveTo(editor, after(editor)),
  home: (editor) => moveTo(editor, lineStart(editor)),
  end: (editor) => moveTo(editor, lineEnd(editor)),
  'ctrl+a': (editor) => moveTo(editor, lineStart(editor)),
  'ctrl+e': (editor) => moveTo(editor, lineEnd(editor)),
  'ctrl+left': (editor) => moveTo(editor, wordBefore(editor)),
  'alt+left': (editor) => moveTo(editor, wordBefore(editor)),
  'alt+b': (editor) => moveTo(editor, wordBefore(editor)),
  'ctrl+right': (editor) => moveTo(editor, wordAfter(editor)),
  'alt+right': (editor) => moveTo(editor, wordAfter(editor)),
  'alt+f': (editor) => moveTo(editor, wordAfter(editor)),
  backspace: (editor) => cut(editor, before(editor), editor.cursor),
  delete: (editor) => cut(editor, editor.cursor, after(editor)),
  'ctrl+d': (editor) => cut(editor, editor.cursor, after(editor)),
  'ctrl+w': (editor) => cut(editor, wordBefore(editor), editor.cursor),
  'alt+backspace': (editor) => cut(editor, wordBefore(editor), editor.cursor),
  'ctrl+u': (editor) => cut(editor, lineStart(editor), editor.cursor),
  'alt+k': (editor) => cut(editor, editor.cursor, lineEnd(editor)),
};

/** What an editing key makes of the text; undefined when the key is none. */
export function editWithKey(editor: Editor, keyName: string): Editor | undefined {
  return EDITS[keyName]?.(editor);
}

/** The cursor in the line above (-1) or below (1), in the same column; undefined when there is none. */
export function toNeighbourLine({ text, cursor }: Editor, direction: 1 | -1): Editor | undefined {
  const lines = text.split('\n');
  const row = text.slice(0, cursor).split('\n').length - 1;
  const target = lines[row + direction];
  if (target === undefined) return undefined;
  const column = cursor - (text.lastIndexOf('\n', cursor - 1) + 1);
  const start = lines.slice(0, row + direction).reduce((sum, line) => sum + line.length + 1, 0);
  const landed = start + Math.min(column, target.length);
  // Never between the halves of a character.
  return { text, cursor: /[\udc00-\udfff]/.test(text[landed] ?? '') ? landed + 1 : landed };
}
