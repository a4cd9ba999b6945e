import { type Declaration, type Doc, SourceFile, type SyntaxNode } from './declarations.ts';

/** A module that programs import. */
interface Entry {
  specifier: string;
  path: string;
}

const ENTRIES: readonly Entry[] = [
  { specifier: 'understudy', path: 'client/understudy.ts' },
  { specifier: 'understudy/node', path: 'client/understudy-node.ts' },
];
const API = new SourceFile('shared/api.ts');
const HEAD = `# The client library

Made from the doc comments by \`npm run reference\`. README.md, "Build on it", tells how to begin; \`client/examples/\` has programs.
`;

interface Member {
  member: SyntaxNode;
  source: SourceFile;
}

/** All that the package exports, as Markdown. */
export function reference(): string {
  const parts = ENTRIES.map(({ specifier, path }) => ({
    specifier,
    declared: sorted(new SourceFile(path).exported()),
  }));
  const writer = new Writer(new Set(parts.flatMap(({ declared }) => declared.map(({ name }) => name))));
  const seen = new Set<string>();
  for (const { specifier, declared } of parts) {
    writer.add(`## \`${specifier}\``);
    for (const declaration of declared) {
      if (seen.has(declaration.name)) writer.add(`${writer.links(`{@link ${declaration.name}}`)}: see above.`);
      else writer.declaration(declaration);
      seen.add(declaration.name);
    }
  }
  return `${HEAD}\n${writer.blocks.join('\n\n')}\n`;
}

/** What has no doc comment although it is exported, or is a method of something exported. */
export function undocumented(): string[] {
  const missing: string[] = [];
  for (const { name, node, source, doc } of ENTRIES.flatMap(({ path }) => new SourceFile(path).exported())) {
    if (doc.text === '') missing.push(name);
    for (const member of name === OPAQUE ? [] : membersOf(node)) {
      const isMethod = member.type === 'TSMethodSignature' || member.type === 'MethodDefinition';
      if (!isMethod || keyOf(member) === 'constructor' || source.docOf(member).text !== '') continue;
      missing.push(`${name}.${keyOf(member)}`);
    }
  }
  return missing;
}

const ORDER = ['ClassDeclaration', 'FunctionDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration'];
/** What one looks for first stands first: the chat, what it tells, what it is made with. */
const FIRST = ['ChatClient', 'ChatClientOptions', 'Chat', 'ChatEvent', 'ConnectionState'];

function sorted(declared: readonly Declaration[]): Declaration[] {
  const rank = ({ name, node }: Declaration): number =>
    FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length + ORDER.indexOf(node.type);
  return declared.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** What its users only pass on. */
const OPAQUE = 'ClientStore';

/** By event, what it is answered with. */
const REPLIES = new Map(
  membersOf(API.find('Replies').node).map((member) => {
    const type = API.text((member.typeAnnotation as { typeAnnotation: SyntaxNode }).typeAnnotation);
    return [keyOf(member), type.replace('; }', ' }')];
  }),
);

class Writer {
  readonly blocks: string[] = [];
  readonly #known: ReadonlySet<string>;

  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  add(block: string): void {
    if (block !== '') this.blocks.push(block);
  }

  /** `{@link Name}` becomes a link if the page has it. */
  links(text: string): string {
    return text.replaceAll(/\{@link ([\w.]+)\}/g, (_, name) => {
      return this.#known.has(name) ? `[${name}](#${name.toLowerCase()})` : `\`${name}\``;
    });
  }

  declaration({ name, node, source, doc }: Declaration): void {
    this.add(`### ${name}`);
    this.#doc(doc);
    if (name === OPAQUE) return;
    const variants = variantsOf(node);
    if (node.type === 'FunctionDeclaration') this.#code(signatureOf(source, node));
    else if (variants.length > 0) this.#variants(variants, source);
    else if (node.type === 'TSTypeAliasDeclaration') this.#code(listed(source, node) ?? source.lines(node));
    // What the class is made of inside is no business of its users; what it can do is said by the interface.
    else if (node.type === 'ClassDeclaration') this.add(this.links('Has all of {@link Chat}, and:'));
    const members = membersOf(node).map((member) => ({ member, source }));
    const isField = ({ member }: Member): boolean => member.type === 'TSPropertySignature';
    this.#fields([...members, ...inherited(node, source)].filter(isField));
    for (const { member } of members.filter((one) => !isField(one))) this.#method(name, member, source);
  }

  #doc({ text, tags }: Doc): void {
    this.add(this.links(text));
    const lines = tags.map(({ tag, text }) => {
      const [word, ...words] = text.split(' ');
      if (tag === 'param') return `- \`${word}\`: ${this.links(words.join(' '))}`;
      return `- ${tag === 'returns' ? 'returns' : 'throws'} ${this.links(text)}`;
    });
    this.add(lines.join('\n'));
  }

  #code(text: string): void {
    this.add(`\`\`\`ts\n${text}\n\`\`\``);
  }

  #fields(fields: readonly Member[]): void {
    if (fields.length === 0) return;
    const rows = fields.map(({ member, source }) => {
      const type = source.text((member.typeAnnotation as { typeAnnotation: SyntaxNode }).typeAnnotation);
      const { text } = source.docOf(member);
      const name = `${keyOf(member)}${member.optional ? '?' : ''}`;
      return `| \`${name}\` | ${cell(type)} | ${this.links(text).replaceAll('|', '\\|')} |`;
    });
    this.add(['| field | type | |', '|---|---|---|', ...rows].join('\n'));
  }

  #variants(variants: readonly SyntaxNode[], source: SourceFile): void {
    const discriminant = keyOf(membersOf(variants[0]!)[0]!);
    const rows = variants.map((variant) => {
      const [first, ...others] = membersOf(variant);
      const name = source
        .text((first!.typeAnnotation as { typeAnnotation: SyntaxNode }).typeAnnotation)
        .replaceAll("'", '');
      const carried = others.map((member) => source.text(member)).join(', ');
      return `| \`${name}\` | ${carried === '' ? '' : cell(carried)} | ${this.links(source.docOf(variant).text).replaceAll('|', '\\|')} |`;
    });
    this.add([`| \`${discriminant}\` | carries | |`, '|---|---|---|', ...rows].join('\n'));
  }

  #method(owner: string, member: SyntaxNode, source: SourceFile): void {
    const name = keyOf(member);
    this.add(`#### ${name === 'constructor' ? `new ${owner}` : `${owner}.${name}`}`);
    this.#code(name === 'constructor' ? `new ${owner}(${optionsOf(source, member)})` : signatureOf(source, member));
    this.#doc(source.docOf(member));
  }
}

function cell(type: string): string {
  return `\`${type.replaceAll('|', '\\|')}\``;
}

function keyOf(member: SyntaxNode): string {
  const { name, value } = member.key as { name?: string; value?: string };
  return name ?? value ?? '';
}

/** What a constructor takes, when that is one object. */
function optionsOf(source: SourceFile, { value }: SyntaxNode): string {
  const [options] = (value as { params: { typeAnnotation: { typeAnnotation: SyntaxNode } }[] }).params;
  return `options: ${source.text(options!.typeAnnotation.typeAnnotation)}`;
}

/** What an interface has from `extends Omit<Other, …>`. */
function inherited(node: SyntaxNode, source: SourceFile): Member[] {
  const [, base = '', names = ''] = /extends Omit<(\w+),([^>]*)>/.exec(source.text(node)) ?? [];
  const declared = source.imported(base);
  const omitted = [...names.matchAll(/'(\w+)'/g)].map(([, name]) => name!);
  const members = declared ? membersOf(declared.node).map((member) => ({ member, source: declared.source })) : [];
  return members.filter(({ member }) => !omitted.includes(keyOf(member)));
}

/** What can be seen from outside. */
function membersOf(node: SyntaxNode): SyntaxNode[] {
  const body =
    (node.body as { body?: SyntaxNode[] } | undefined)?.body ?? (node.members as SyntaxNode[] | undefined) ?? [];
  return body.filter(({ type, key }) => {
    return (
      /^(TS(Property|Method)Signature|MethodDefinition)$/.test(type) &&
      /^(Identifier|Literal)$/.test((key as SyntaxNode).type)
    );
  });
}

/** The kinds of thing that a type is one of, when each is an object. */
function variantsOf({ typeAnnotation }: SyntaxNode): SyntaxNode[] {
  const { type, types = [] } = (typeAnnotation ?? { type: '' }) as { type: string; types?: SyntaxNode[] };
  const areObjects = types.every(
    (one) => one.type === 'TSTypeLiteral' && membersOf(one)[0]?.type === 'TSPropertySignature',
  );
  return type === 'TSUnionType' && areObjects ? types : [];
}

/** `(typeof NAMES)[number]`, with the names. */
function listed(source: SourceFile, node: SyntaxNode): string | undefined {
  const [, name] = /=\s*\(typeof (\w+)\)\[number\]/.exec(source.lines(node)) ?? [];
  if (name === undefined) return undefined;
  const names = [...source.lines(source.find(name).node).matchAll(/'([\w-]+)'/g)].map(([quoted]) => `\n  | ${quoted}`);
  return `type ${(node.id as { name: string }).name} =${names.join('')};`;
}

/** Without what it does. */
function signatureOf(source: SourceFile, node: SyntaxNode): string {
  const value = (node.value as SyntaxNode | undefined) ?? node;
  const end = (value.body as SyntaxNode | undefined)?.start ?? node.end;
  const text = source.text({ start: node.start, end }).trim();
  return text.replace(/^async /, '').replaceAll(/Replies\['([\w:-]+)'\]/g, (_, event) => REPLIES.get(event)!);
}
