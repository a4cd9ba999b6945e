#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { parseAddress } from '../shared/ids.ts';
import { DEFAULT_PORTS } from '../shared/limits.ts';
import { DEFAULT_IMPORT_PASSWORD, importIrc } from './import-irc.ts';
import { roomName } from './lines.ts';
import { addAccountCommands, addDocumentCommands, addMessageCommands, addRoomCommands } from './one-shot/program.ts';
import { openChat } from './open-chat.ts';
import { parsePort } from './option-values.ts';
import { DONE, MISUSED, standardOutput } from './output.ts';
import {
  type CommonOptions,
  end,
  option,
  servers,
  spread,
  spreadReads,
  stateFolder,
  timeout,
} from './program-options.ts';
import { runRepl } from './repl.ts';
import { completeReplLine } from './repl-completion.ts';
import { ReplHistory } from './repl-history.ts';
import { ReplTerminal } from './repl-terminal.ts';

function addRepl(program: Command): void {
  program
    .command('repl')
    .description('line mode: commands from standard input, answers on standard output')
    .addOption(option('-H, --host <host>', 'host to look at first').default('127.0.0.1'))
    .addOption(option('-P, --port <port>', 'port to look at first').argParser(parsePort).default(DEFAULT_PORTS[0]))
    .addOption(timeout())
    .addOption(stateFolder())
    .addOption(spreadReads())
    .addOption(spread())
    .action((options: CommonOptions & { host: string; port: number }) => end(repl(options)));
}

async function repl(options: CommonOptions & { host: string; port: number }): Promise<number> {
  const host = options.host.includes(':') && !options.host.startsWith('[') ? `[${options.host}]` : options.host;
  const address = parseAddress(`${host}:${options.port}`);
  if (address === undefined) throw new Error(`${JSON.stringify(options.host)} is no host; give a name or an address.`);
  const { stdin, stdout } = process;
  const interactive = stdin.isTTY === true && stdout.isTTY === true;
  const { stateFolder: folder, timeout: timeoutMs } = options;
  // A script logs in by itself; whoever used this machine last is not to speak in its name.
  const account = interactive ? {} : { username: null };
  const places = { spreadReads: options.spreadReads === true, spread: options.spread === true };
  const where = { servers: [address], giveUpAfterMs: timeoutMs, stateFolder: folder };
  const chat = await openChat({ ...where, ...account, ...places });
  const common = { chat, input: stdin, interactive, timeoutMs };
  if (!interactive) return runRepl({ ...common, output: standardOutput() });
  const complete = (line: string) => completeReplLine(chat, line);
  const terminal = new ReplTerminal({ input: stdin, output: stdout, history: new ReplHistory(folder), complete });
  const status = await runRepl({ ...common, output: terminal.output, terminal });
  // Whoever has left does not wait for a socket that is still being opened.
  process.exit(status);
}

function addImport(program: Command): void {
  program
    .command('import')
    .description('bring in messages from elsewhere')
    .command('irc <file>')
    .description(
      'send the lines of a channel log that begin "nick: " or "nick, " as direct messages, the others to a room',
    )
    .addOption(servers())
    .addOption(
      option('--import-password <password>', 'of all imported accounts (or CHAT_PASSWORD)').default(
        process.env.CHAT_PASSWORD ?? DEFAULT_IMPORT_PASSWORD,
        `CHAT_PASSWORD, or ${DEFAULT_IMPORT_PASSWORD}`,
      ),
    )
    .option('--room <name>', 'the room, instead of one that is named after the log; the # may be left out')
    .option('--again', 'send everything once more, although it was imported before', false)
    .addOption(timeout())
    .addOption(stateFolder())
    .addOption(spread())
    .action((file: string, options: CommonOptions & { importPassword: string; again: boolean; room?: string }) => {
      const { server, importPassword: password, again, timeout: timeoutMs } = options;
      const room = options.room === undefined ? undefined : roomName(options.room);
      const places = { spread: options.spread === true };
      const rest = { room, stateFolder: options.stateFolder, output: standardOutput(), ...places };
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
    .addOption(spread())
    .allowExcessArguments(false)
    .action(async (username: string | undefined, options: CommonOptions & { plain?: true }) => {
      const { startTerminal } = await import('./terminal/start.tsx');
      const { startedServers } = await import('./terminal/started-servers.ts');
      const control = startedServers();
      const account = username === undefined ? {} : { username };
      const { server, stateFolder: folder, plain = false } = options;
      const common = { servers: server, stateFolder: folder, plain, spread: options.spread === true, ...account };
      await end(startTerminal({ ...common, ...(control ? { control } : {}) }));
    });
  addRepl(program);
  addMessageCommands(program);
  addRoomCommands(program);
  addAccountCommands(program);
  addDocumentCommands(program);
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
  for (const name of ['server', 'stateFolder', 'spread']) {
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
    if (failure.exitCode !== 0)
      process.stderr.write(`${failure.message.replace(/^error: /, '').replaceAll('\n', ' ')}\n`);
  } else {
    process.stderr.write(`${(failure as Error).message}\n`);
    process.exitCode = MISUSED;
  }
}
