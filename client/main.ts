#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { type Address, parseAddress } from '../shared/ids.ts';
import { DEFAULT_PORTS } from '../shared/limits.ts';
import { defaultStateFolder } from './folder-store.ts';
import { DEFAULT_IMPORT_PASSWORD, importIrc } from './import-irc.ts';
import * as oneShot from './one-shot/commands.ts';
import { type ExportOptions, exportAll } from './one-shot/export.ts';
import type { OneShotOptions } from './one-shot/session.ts';
import { openChat } from './open-chat.ts';
import { parseCount, parsePort, parseSeconds, parseServers } from './option-values.ts';
import { DONE, MISUSED, standardOutput } from './output.ts';
import { runRepl } from './repl.ts';

interface CommonOptions {
  server: Address[];
  stateFolder: string;
  user?: string;
  json?: true;
  timeout: number;
}

const DEFAULT_SERVERS = DEFAULT_PORTS.map((port) => `localhost:${port}`).join(',');

function option(flags: string, description: string): Option {
  const one = new Option(flags, description);
  return one.env(`UNDERSTUDY_${one.name().toUpperCase().replaceAll('-', '_')}`);
}

function servers(): Option {
  return option('--server <addresses>', 'where to look first, host:port, separated by commas')
    .argParser(parseServers)
    .default(parseServers(DEFAULT_SERVERS), DEFAULT_SERVERS);
}

function stateFolder(): Option {
  return option('--state-folder <folder>', 'where unsent messages are kept').default(
    defaultStateFolder(),
    '$XDG_STATE_HOME/understudy',
  );
}

function timeout(): Option {
  return option('--timeout <seconds>', 'how long to look for a server, and to wait for an answer')
    .argParser(parseSeconds)
    .default(10_000, '10');
}

/** The options of commands that do one thing and end. */
function oneShotCommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .addOption(servers())
    .addOption(option('--user <name>', 'who does it; the password is read from CHAT_PASSWORD'))
    .addOption(option('--json', 'print one JSON object a line'))
    .addOption(timeout())
    .addOption(stateFolder());
}

function oneShotOptions(options: CommonOptions): OneShotOptions {
  return {
    servers: options.server,
    user: options.user,
    password: process.env.CHAT_PASSWORD,
    json: options.json === true,
    timeoutMs: options.timeout,
    stateFolder: options.stateFolder,
    output: standardOutput(),
  };
}

interface ExportFlags {
  format?: 'csv' | 'json';
  with?: string;
  output?: string;
}

function exportOptions({ format, json, with: other, output }: CommonOptions & ExportFlags): ExportOptions {
  return { format: format ?? (json ? 'json' : 'csv'), other, file: output };
}

function addOneShotCommands(program: Command): void {
  oneShotCommand(program, 'send <name> <text>', 'send a direct message').action((to, text, options) =>
    end(oneShot.send(oneShotOptions(options), to, text)),
  );
  oneShotCommand(program, 'list [pattern]', 'list accounts; * and ? stand for letters').action((pattern, options) =>
    end(oneShot.list(oneShotOptions(options), pattern)),
  );
  oneShotCommand(program, 'history [name]', 'print the newest messages, oldest first')
    .addOption(option('--limit <n>', 'how many').argParser(parseCount).default(100))
    .action((name, options) => end(oneShot.history(oneShotOptions(options), name, options.limit)));
  oneShotCommand(program, 'tail', 'print messages as they come, until it is ended').action((options) =>
    end(oneShot.tail(oneShotOptions(options), interrupted())),
  );
  oneShotCommand(program, 'export', 'print all messages, oldest first, as CSV')
    .addOption(
      option('--format <format>', 'csv; or json, one object a line (the same as --json)').choices(['csv', 'json']),
    )
    .addOption(option('--with <name>', 'only the conversation with this account'))
    .addOption(option('--output <file>', 'write to this file, which must not be there yet'))
    .action((options: CommonOptions & ExportFlags) => end(exportAll(oneShotOptions(options), exportOptions(options))));
  oneShotCommand(program, 'create <name>', 'make an account with the password in CHAT_PASSWORD').action(
    (name, options) => end(oneShot.create(oneShotOptions(options), name)),
  );
  oneShotCommand(program, 'delete-account', 'delete the account of --user, for good').action((options) =>
    end(oneShot.deleteAccount(oneShotOptions(options))),
  );
}

function addRepl(program: Command): void {
  program
    .command('repl')
    .description('line mode: commands from standard input, answers on standard output')
    .addOption(option('-H, --host <host>', 'host to look at first').default('127.0.0.1'))
    .addOption(option('-P, --port <port>', 'port to look at first').argParser(parsePort).default(DEFAULT_PORTS[0]))
    .addOption(timeout())
    .addOption(stateFolder())
    .action((options: CommonOptions & { host: string; port: number }) => end(repl(options)));
}

async function repl(options: CommonOptions & { host: string; port: number }): Promise<number> {
  const host = options.host.includes(':') && !options.host.startsWith('[') ? `[${options.host}]` : options.host;
  const address = parseAddress(`${host}:${options.port}`);
  if (address === undefined) throw new Error(`${JSON.stringify(options.host)} is no host; give a name or an address.`);
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const giveUpAfterMs = interactive ? 0 : options.timeout;
  const folder = { stateFolder: options.stateFolder };
  // A script logs in by itself; whoever used this machine last is not to speak in its name.
  const account = interactive ? {} : { username: null };
  const chat = await openChat({ servers: [address], giveUpAfterMs, ...folder, ...account });
  const { stdin } = process;
  return runRepl({ chat, input: stdin, output: standardOutput(), interactive, timeoutMs: options.timeout });
}

function addImport(program: Command): void {
  program
    .command('import')
    .description('bring in messages from elsewhere')
    .command('irc <file>')
    .description('send the lines of a channel log that begin "nick: " or "nick, " as direct messages')
    .addOption(servers())
    .addOption(
      option('--import-password <password>', 'of all imported accounts (or CHAT_PASSWORD)').default(
        process.env.CHAT_PASSWORD ?? DEFAULT_IMPORT_PASSWORD,
        `CHAT_PASSWORD, or ${DEFAULT_IMPORT_PASSWORD}`,
      ),
    )
    .option('--again', 'send everything once more, although it was imported before', false)
    .addOption(timeout())
    .addOption(stateFolder())
    .action((file: string, options: CommonOptions & { importPassword: string; again: boolean }) => {
      const { server, importPassword: password, again, timeout: timeoutMs } = options;
      const rest = { stateFolder: options.stateFolder, output: standardOutput() };
      return end(importIrc(file, { servers: server, password, again, timeoutMs, ...rest }));
    });
}

function buildProgram(): Command {
  const program = new Command('client')
    .description('Chat in the terminal. Without a command: the chat screen.')
    .version(version())
    .argument('[username]', 'the account to open')
    .addOption(servers())
    .addOption(stateFolder())
    .addOption(option('--plain', 'line by line, for screen readers'))
    .allowExcessArguments(false)
    .action(async (username: string | undefined, options: CommonOptions & { plain?: true }) => {
      const { startTerminal } = await import('./terminal/start.tsx');
      const account = username === undefined ? {} : { username };
      const { server, stateFolder: folder, plain = false } = options;
      await end(startTerminal({ servers: server, stateFolder: folder, plain, ...account }));
    });
  addRepl(program);
  addOneShotCommands(program);
  addImport(program);
  program.hook('preAction', (_, command) => adoptOptions(program, command));
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      .enablePositionalOptions();
  }
  return program;
}

/** `client --server … list` means the same as `client list --server …`. */
function adoptOptions(program: Command, command: Command): void {
  for (const name of ['server', 'stateFolder']) {
    const given = command !== program && program.getOptionValueSource(name) === 'cli';
    const known = command.options.some((one) => one.attributeName() === name);
    if (given && known && command.getOptionValueSource(name) !== 'cli') {
      command.setOptionValueWithSource(name, program.getOptionValue(name), 'cli');
    }
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** The program ends with this status as soon as everything is written. */
async function end(status: Promise<number>): Promise<void> {
  process.exitCode = await status;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')).version;
    } catch {
      // Compiled code lies one folder deeper than its source.
    }
  }
  return 'unknown';
}

try {
  await buildProgram().parseAsync();
} catch (failure) {
  if (failure instanceof CommanderError) {
    // Help and version were asked for; everything else is a wrong command line.
    process.exitCode = failure.exitCode === 0 ? DONE : MISUSED;
    if (failure.exitCode !== 0) process.stderr.write(`${failure.message.replace(/^error: /, '')}\n`);
  } else {
    process.stderr.write(`${(failure as Error).message}\n`);
    process.exitCode = MISUSED;
  }
}
