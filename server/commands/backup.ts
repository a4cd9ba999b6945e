import type { Address } from '../../shared/ids.ts';
import { askServer } from '../network/peer-operator.ts';
import { whyNoCopyName } from '../storage/copy-name.ts';
import type { BackupAnswer } from './backups.ts';
import { OptionError } from './options.ts';
import { showProgress } from './show-progress.ts';

const ASK_TIMEOUT_MS = 10_000;
const POLL_MS = 250;
const NOT_REACHED = 3;

export interface BackupOptions {
  server: Address;
  secret: string;
}

/**
 * `server backup NAME`: has a running server make a named copy of its database.
 *
 * @returns the exit status: 1 when there is no copy, 3 when the server cannot be reached
 * @throws OptionError for a name that cannot be used
 */
export async function backup(name: string, { server, secret }: BackupOptions): Promise<number> {
  const why = whyNoCopyName(name);
  if (why !== '') throw new OptionError(why);
  const progress = showProgress('Copying');
  let command: 'backup' | 'backup-progress' = 'backup';
  try {
    for (;;) {
      const asked = await askServer(server, secret, { command, name }, ASK_TIMEOUT_MS);
      if ('problem' in asked) {
        progress.end();
        const open = command === 'backup' ? '' : ` Whether the copy was made is not known; look with "server status".`;
        return complain(asked.problem + open, asked.isReached ? 1 : NOT_REACHED);
      }
      const answer = asked.answer as BackupAnswer;
      if (!('copying' in answer)) {
        progress.end();
        return report(name, server, answer);
      }
      progress.show(answer.copying.bytes, answer.copying.allBytes);
      command = 'backup-progress';
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.end();
  }
}

function report(name: string, server: Address, answer: Exclude<BackupAnswer, { copying: object }>): number {
  if (!('copied' in answer)) {
    return complain(`No copy was made: ${answer.refused ?? 'the server does not know this command.'}`, 1);
  }
  const { operations, chain, bytes } = answer.copied;
  const count = (number: number) => number.toLocaleString('en');
  process.stdout.write(
    `Copied ${server} as "${name}": operations 1 to ${operations}, ${count(bytes)} bytes.\n  ${answer.folder}\n  chain ${chain}\n`,
  );
  return 0;
}

function complain(text: string, exitStatus: number): number {
  process.stderr.write(`${text}\n`);
  return exitStatus;
}
