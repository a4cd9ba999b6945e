#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import type { Address } from '../shared/ids.ts';
import { DEFAULT_PORTS } from '../shared/limits.ts';
import type { CheckCommandOptions } from './commands/check.ts';
import type { DrillOptions } from './commands/drill.ts';
import {
  addReplicaOptions,
  OptionError,
  parseOperation,
  parsePort,
  parsePorts,
  parseServer,
  readReplicaOptions,
  readSecret,
  secretFileOption,
} from './commands/options.ts';
import { ServerError } from './commands/server-error.ts';
import { packageVersion } from './commands/version.ts';
import { DatabaseError } from './storage/database-error.ts';

const WRONG_USE = 2;

const program = new Command('server')
  .description('Understudy: chat servers that keep their word. Start three of them; any two may die.')
  .exitOverride()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) });

// Each command is loaded when it is the one that was asked for: loading takes longer than most of what they do.
let exitStatus = 0;

const FIRST_SERVER = parseServer(`localhost:${DEFAULT_PORTS[0]}`);

interface PromoteFlags {
  server: Address;
  force?: true;
  yes?: string;
  secretFile?: string;
}

const ROLES = {
  primary: 'start the first server of a cluster, or take up where its folder left off',
  secondary: 'join the cluster of the servers named with --join',
  witness: 'vote, and hold no data; of use when there are two',
} as const;

for (const role of ['primary', 'secondary', 'witness'] as const) {
  addReplicaOptions(
    program.command(role).description(ROLES[role]).argument('<port>', 'the port to listen on', parsePort),
  ).action(async (port: number, options) => {
    const { runServer } = await import('./commands/run.ts');
    exitStatus = await runServer(role, port, readReplicaOptions(options));
  });
}

program
  .command('status')
  .description('show the cluster as one of its servers sees it')
  .option('--server <address>', 'the server to ask', parseServer, FIRST_SERVER)
  .option('--json', 'print one JSON object')
  .action(async ({ server, json }: { server: Address; json?: true }) => {
    const { printStatus } = await import('./commands/status.ts');
    exitStatus = await printStatus(server, json === true);
  });

program
  .command('backup')
  .description('have a running server make a named copy of its database, next to it')
  .argument('<name>', 'of the copy: letters, digits, dots, underscores, hyphens')
  .option('--server <address>', 'the server to copy', parseServer, FIRST_SERVER)
  .addOption(secretFileOption())
  .action(async (name: string, { server, secretFile }: { server: Address; secretFile?: string }) => {
    const { backup } = await import('./commands/backup.ts');
    exitStatus = await backup(name, { server, secret: readSecret(secretFile) });
  });

program
  .command('compact')
  .description('remove what was deleted from the files of all servers now, instead of within the hour')
  .option('--server <address>', 'the server to ask: the primary', parseServer, FIRST_SERVER)
  .addOption(secretFileOption())
  .action(async ({ server, secretFile }: { server: Address; secretFile?: string }) => {
    const { compact } = await import('./commands/compact.ts');
    exitStatus = await compact({ server, secret: readSecret(secretFile) });
  });

program
  .command('check')
  .description('verify the database folder of a server that is stopped, or a named copy; changes nothing')
  .argument('<database>', 'the folder, such as data/database@localhost:1538')
  .option('--to <operation>', 'print the chain at this operation, to compare servers', parseOperation)
  .option('--json', 'print one JSON object')
  .action(async (folder: string, options: CheckCommandOptions) => {
    const { check } = await import('./commands/check.ts');
    exitStatus = await check(folder, options);
  });

program
  .command('restore')
  .description("put a named copy in the place of a stopped server's database, which is kept")
  .argument('<database>', 'the folder, such as data/database@localhost:1538')
  .argument('<name>', 'of the copy')
  .action(async (database: string, name: string) => {
    const { restore } = await import('./commands/restore.ts');
    exitStatus = await restore(database, name);
  });

program
  .command('promote')
  .description('have a server that waits for lost ones go on alone (what only they have is lost)')
  .option('--server <address>', 'the server to go on', parseServer, FIRST_SERVER)
  .option('--force', 'really')
  .option('--yes <address>', "the server's address, instead of typing it")
  .addOption(secretFileOption())
  .action(async ({ server, force, yes, secretFile }: PromoteFlags) => {
    const { promote } = await import('./commands/promote.ts');
    exitStatus = await promote({ server, force: force === true, yes, secret: readSecret(secretFile) });
  });

program
  .command('start')
  .description('start three servers on this machine, and the terminal chat')
  .option('--data <folder>', 'where the databases are', 'data')
  .option('--ports <ports>', 'three ports, separated by commas', parsePorts, [...DEFAULT_PORTS])
  .action(async ({ data, ports }: { data: string; ports: number[] }) => {
    const { startAll } = await import('./commands/start.ts');
    exitStatus = await startAll(data, ports);
  });

program
  .command('drill')
  .description('try it: a throw-away cluster whose servers are killed while users chat; says what came of it')
  .option('--seed <text>', 'repeat a drill: who is hit, and who returns first')
  .option('--keep', "keep the folder with the servers' data and output")
  .action(async (options: DrillOptions) => {
    const { runDrill } = await import('./commands/drill.ts');
    exitStatus = await runDrill(options);
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
