import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'vitest/node';

/** A node of the syntax tree, in the common form (ESTree) that tools share. */
export interface SyntaxNode {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** Something that a module exports, where it is declared. */
export interface Declaration {
  name: string;
  node: SyntaxNode;
  source: SourceFile;
  doc: Doc;
}

/** A doc comment. */
export interface Doc {
  text: string;
  /** `@param name …`, `@returns …`, `@throws …`, in order. */
  tags: { tag: string; text: string }[];
}

/** A source file, and what it says. */
export class SourceFile {
  readonly #path: string;
  readonly #text: string;
  readonly #body: readonly SyntaxNode[];

  constructor(path: string) {
    this.#path = path;
    this.#text = readFileSync(path, 'utf8');
    this.#body = (parseAst(this.#text, { lang: 'ts', sourceType: 'module' }) as unknown as { body: SyntaxNode[] }).body;
  }

  /** What the file exports, in its order; what it passes on from another file is looked up there. */
  exported(): Declaration[] {
    return this.#body.flatMap((node) => {
      if (node.type !== 'ExportNamedDeclaration') return [];
      if (node.declaration) return [this.#declared(node, node.declaration as SyntaxNode)];
      const from = new SourceFile(join(dirname(this.#path), (node.source as { value: string }).value));
      return (node.specifiers as { local: { name: string } }[]).map(({ local }) => from.find(local.name));
    });
  }

  /** What a name stands for that the file imports; undefined when it is imported from nowhere, or from a package. */
  imported(name: string): Declaration | undefined {
    for (const node of this.#body) {
      const from = node.type === 'ImportDeclaration' ? (node.source as { value: string }).value : '';
      const specifiers = (node.specifiers ?? []) as { local: { name: string }; imported?: { name: string } }[];
      const found = specifiers.find(({ local }) => local.name === name);
      if (found && from.startsWith('.'))
        return new SourceFile(join(dirname(this.#path), from)).find(found.imported!.name);
    }
    return undefined;
  }

  /** @throws Error when the file exports nothing of that name */
  find(name: string): Declaration {
    const found = this.exported().find((declaration) => declaration.name === name);
    if (!found) throw new Error(`${this.#path} does not export ${name}.`);
    return found;
  }

  /** As it is written, without what is around it. */
  text(node: { start: number; end: number }): string {
    return this.#text.slice(node.start, node.end).replace(/[;,]$/, '').replaceAll(/\s+/g, ' ');
  }

  /** As it is written, line by line. */
  lines(node: { start: number; end: number }): string {
    return this.#text.slice(node.start, node.end);
  }

  /** The doc comment that stands before it. */
  docOf(node: SyntaxNode): Doc {
    const before = this.#text.slice(0, node.start).replace(/\|\s*$/, '');
    const start = before.lastIndexOf('/**');
    const comment = start < 0 ? '' : before.slice(start).trimEnd();
    return /^\/\*\*(?:(?!\*\/)[\s\S])*\*\/$/.test(comment) ? parseDoc(comment) : { text: '', tags: [] };
  }

  #declared(node: SyntaxNode, declaration: SyntaxNode): Declaration {
    const [first] = (declaration.declarations as SyntaxNode[] | undefined) ?? [declaration];
    const { name } = first!.id as { name: string };
    return { name, node: declaration, source: this, doc: this.docOf(node) };
  }
}

function parseDoc(comment: string): Doc {
  const lines = comment.slice(3, -2).split('\n');
  const text = lines.map((line) => line.replace(/^\s*\* ?/, '').trim()).join('\n');
  const [plain = '', ...tags] = text.split(/(?:^|(?<=\s))@(?=(?:param|returns|throws)\s)/);
  const flat = (part: string): string => part.replaceAll(/\s+/g, ' ').trim();
  return {
    text: flat(plain),
    tags: tags.map((part) => {
      const [tag = '', ...words] = flat(part).split(' ');
      return { tag, text: words.join(' ') };
    }),
  };
}
