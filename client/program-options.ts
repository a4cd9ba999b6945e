import { type Command, Option } from 'commander';
import type { Address } from '../shared/ids.ts';
import { DEFAULT_PORTS } from '../shared/limits.ts';
import { defaultStateFolder } from './folder-store.ts';
import type { OneShotOptions } from './one-shot/session.ts';
import { parseSeconds, parseServers } from './option-values.ts';
import { standardOutput } from './output.ts';

/** What most commands are told. */
export interface CommonOptions {
  server: Address[];
  stateFolder: string;
  user?: string;
  json?: true;
  timeout: number;
  spreadReads?: true;
  spread?: true;
}

const DEFAULT_SERVERS = DEFAULT_PORTS.map((port) => `localhost:${port}`).join(',');

/** One that may stand in the environment as well: `UNDERSTUDY_` and its name. */
export function option(flags: string, description: string): Option {
  const one = new Option(flags, description);
  return one.env(`UNDERSTUDY_${one.name().toUpperCase().replaceAll('-', '_')}`);
}

export function servers(): Option {
  return option('--server <addresses>', 'where to look first, host:port, separated by commas')
    .argParser(parseServers)
    .default(parseServers(DEFAULT_SERVERS), DEFAULT_SERVERS);
}

export function stateFolder(): Option {
  return option('--state-folder <folder>', 'where unsent messages are kept').default(
    defaultStateFolder(),
    '$XDG_STATE_HOME/understudy',
  );
}

export function timeout(): Option {
  return option('--timeout <seconds>', 'how long to look for a server, and to wait for an answer')
    .argParser(parseSeconds)
    .default(10_000, '10');
}

export function spreadReads(): Option {
  return option('--spread-reads', 'read at the backups in turn; what others did a moment ago may be missing');
}

export function spread(): Option {
  return option('--spread', 'use any server that takes requests, not only the primary');
}

/** A command that does one thing and ends. */
export function oneShotCommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .addOption(servers())
    .addOption(option('--user <name>', 'who does it; the password is read from CHAT_PASSWORD'))
    .addOption(option('--json', 'print one JSON object a line'))
    .addOption(timeout())
    .addOption(stateFolder())
    .addOption(spread());
}

export function oneShotOptions(options: CommonOptions): OneShotOptions {
  return {
    servers: options.server,
    user: options.user,
    password: process.env.CHAT_PASSWORD,
    json: options.json === true,
    timeoutMs: options.timeout,
    stateFolder: options.stateFolder,
    output: standardOutput(),
    spreadReads: options.spreadReads === true,
    spread: options.spread === true,
  };
}

/** The program ends with this status as soon as everything is written. */
export async function end(status: Promise<number>): Promise<void> {
  process.exitCode = await status;
}
