import { dirname, join } from 'node:path/posix';
import { parseAst } from 'vitest/node';

/** A row of the import table. In patterns `*` stands for anything but a slash, `**` for anything. */
export interface ImportRow {
  /** Patterns of the files that it is about. */
  files: readonly string[];
  mayImport: readonly string[];
  /** These only with `import type` and `export type`. */
  mayImportTypesOf?: readonly string[];
  /** Names of packages; `node` for all of Node's own modules. */
  packages: readonly string[];
  /** Nothing in it may depend on time, chance or surroundings. */
  pure?: boolean;
  /** Examples are run as they stand, so they are no TypeScript. */
  javaScript?: boolean;
}

interface Question {
  /** From the project's folder, with slashes. */
  path: string;
  source: string;
  table: readonly ImportRow[];
  /** Globals that pure files must not name; `Math.random` is understood. */
  impureNames: readonly string[];
}

/** A node of the syntax tree, in the common form (ESTree) that tools share. */
interface SyntaxNode {
  type: string;
  start: number;
  [key: string]: unknown;
}

/** What is wrong with a source file: a sentence for each offence, none when it keeps to the rules. */
export function offencesIn({ path, source, table, impureNames }: Question): string[] {
  if (/(^|\/)index\.[cm]?[jt]sx?$/.test(path)) return [`${path} is a barrel; import the true file instead`];
  const row = table.find(({ files }) => fits(path, files));
  if (row === undefined) return [`${path} has no row in the import table`];
  if (row.javaScript && !path.endsWith('.js')) return [`${path} is not JavaScript`];
  if (!row.javaScript && !/\.tsx?$/.test(path)) return [`${path} is not TypeScript`];
  let program: SyntaxNode;
  try {
    program = parseAst(source, { lang: path.endsWith('x') ? 'tsx' : 'ts', sourceType: 'module' }) as never;
  } catch (error) {
    return [`${path} cannot be parsed: ${error}`];
  }
  const offences: string[] = [];
  visit(program, undefined, '', (node, parent, key) => {
    const offence = importOffence(node, path, row) || (row.pure && impurity(node, parent, key, impureNames));
    if (offence) offences.push(`${path}:${source.slice(0, node.start).split('\n').length} ${offence}`);
  });
  return offences;
}

function fits(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const expression = pattern
      .replaceAll(/[.]/g, '\\.')
      .replaceAll(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'));
    return new RegExp(`^${expression}$`).test(path);
  });
}

function visit(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  key: string,
  see: (node: SyntaxNode, parent: SyntaxNode | undefined, key: string) => void,
): void {
  see(node, parent, key);
  for (const [childKey, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') visit(child, node, childKey, see);
    }
  }
}

function importOffence(node: SyntaxNode, path: string, row: ImportRow): string {
  const callee = node.callee as SyntaxNode | undefined;
  if (node.type === 'TSExternalModuleReference' || (callee?.type === 'Identifier' && callee.name === 'require')) {
    return 'uses require; use import';
  }
  const isImport = /^(Import(Declaration|Expression)|Export(Named|All)Declaration|TSImportType)$/.test(node.type);
  const source = node.source as SyntaxNode | null | undefined;
  if (!isImport || !source) return '';
  if (typeof source.value !== 'string') return 'has a computed import; name the file';
  const typesOnly = node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type';
  return specifierOffence(source.value, typesOnly, path, row);
}

function specifierOffence(specifier: string, typesOnly: boolean, path: string, row: ImportRow): string {
  if (!/^\.\.?\//.test(specifier)) {
    const parts = specifier.split('/');
    const name = specifier.startsWith('node:') ? 'node' : parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
    return row.packages.includes(name) ? '' : `imports "${specifier}", which is no package for its place`;
  }
  const target = join(dirname(path), specifier);
  if (!/\.tsx?$/.test(target)) return `imports "${specifier}" without the source's extension, .ts or .tsx`;
  if (fits(target, row.mayImport)) return '';
  if (!fits(target, row.mayImportTypesOf ?? [])) return `imports ${target}, which is not for its place`;
  return typesOnly ? '' : `imports ${target} otherwise than by \`import type\`: it may have its types only`;
}

function impurity(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  key: string,
  impureNames: readonly string[],
): string {
  if (node.async === true) return 'is async, which a pure file must not be';
  if (node.type === 'AwaitExpression' || node.await === true) return 'uses await, which a pure file must not';
  if (node.type !== 'Identifier' || isMemberName(parent, key)) return '';
  const { name } = node as { name?: unknown };
  if (name === 'Math' && impureNames.includes('Math.random') && !isHarmlessMath(parent)) {
    return 'names Math.random, or may come by it, which a pure file must not';
  }
  return impureNames.includes(String(name)) ? `names ${name}, which a pure file must not` : '';
}

/** `a.name`, `{ name: … }`, `interface { name: … }`: a name that means nothing beyond what it belongs to. */
function isMemberName(parent: SyntaxNode | undefined, key: string): boolean {
  if (parent === undefined || parent.computed === true) return false;
  if (parent.type === 'MemberExpression') return key === 'property';
  if (parent.type === 'TSQualifiedName') return key === 'right';
  return key === 'key' || key === 'imported' || key === 'exported';
}

function isHarmlessMath(parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'MemberExpression' || parent.computed === true) return false;
  return (parent.property as { name?: unknown }).name !== 'random';
}
