#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { parseAddress } from '../shared/ids.ts';
import { DEFAULT_PORTS } from '../shared/limits.ts';
import { addReplicaOptions, OptionError, parsePort, readReplicaOptions } from './commands/options.ts';
import { runServer, ServerError } from './commands/run.ts';
import { startAll } from './commands/start.ts';
import { printStatus } from './commands/status.ts';
import { packageVersion } from './commands/version.ts';
import { DatabaseError } from './storage/database-error.ts';

const WRONG_USE = 2;

const program = new Command('server')
  .description('Understudy: chat servers that keep their word. Start three of them; any two may die.')
  .exitOverride()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) });

let exitStatus = 0;

for (const role of ['primary', 'secondary'] as const) {
  const description =
    role === 'primary'
      ? 'start the first server of a cluster, or take up where its folder left off'
      : 'join the cluster of the servers named with --join';
  addReplicaOptions(
    program.command(role).description(description).argument('<port>', 'the port to listen on', parsePort),
  ).action(async (port: number, options) => {
    exitStatus = await runServer(role, port, readReplicaOptions(options));
  });
}

program
  .command('status')
  .description('show the cluster as one of its servers sees it')
  .option('--server <address>', 'the server to ask', `localhost:${DEFAULT_PORTS[0]}`)
  .option('--json', 'print one JSON object')
  .action(async ({ server, json }: { server: string; json?: true }) => {
    const address = parseAddress(server);
    if (!address)
      throw new OptionError(`--server "${server}" is not an address; write host:port, e.g. localhost:1538.`);
    exitStatus = await printStatus(address, json === true);
  });

program
  .command('start')
  .description(`start three servers on ${DEFAULT_PORTS.join(', ')}, and the terminal chat`)
  .option('--data <folder>', 'where the databases are', 'data')
  .action(async ({ data }: { data: string }) => {
    exitStatus = await startAll(data);
  });

program.version(packageVersion(), '-V, --version');

try {
  await program.parseAsync();
} catch (error) {
  exitStatus = explain(error);
}
// What still runs (timers, sockets, workers) belongs to a server that has ended.
process.exit(exitStatus);

/** One sentence for what people can do something about; a stack only for a fault of the program. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
  const isWrongUse = error instanceof OptionError;
  if (isWrongUse || error instanceof ServerError || error instanceof DatabaseError) {
    process.stderr.write(`${error.message}\n`);
    return isWrongUse ? WRONG_USE : 1;
  }
  process.stderr.write(`A fault in the program: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
