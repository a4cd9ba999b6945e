import { existsSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type BackupProgress, Backups } from '../../server/commands/backups.ts';
import type { CopyManifest } from '../../server/storage/copy-manifest.ts';
import { auditTalkers, Talker } from '../chaos/talker.ts';
import { Cluster } from '../support/cluster.ts';
import { runProgram } from '../support/program.ts';

const KEPT = { lost: [], doubled: [], outOfOrder: [] };

describe('server backup', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let talkers: Talker[] = [];

  afterEach(async () => {
    await Promise.all(talkers.map((talker) => talker.close()));
    talkers = [];
    await cluster.close();
  });

  const backup = (index: number, name: string) => runProgram(['backup', name, '--server', cluster.addresses[index]!]);

  it('makes whole copies of all servers while people chat, and status lists them', async () => {
    cluster = await Cluster.started();
    talkers = [await Talker.joined('ana', cluster.addresses), await Talker.joined('bob', cluster.addresses)];
    talkers[0]!.talk('bob', 4, 200);
    talkers[1]!.talk('ana', 4, 200);
    const made = await Promise.all([0, 1, 2].map((index) => backup(index, 'during')));
    expect(made.map(({ status, stderr }) => [status, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    const again = await backup(1, 'during');
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('choose another name');
    for (const talker of talkers) await talker.quiet();
    expect(await auditTalkers(talkers, cluster.addresses[await cluster.untilComplete()]!)).toEqual(KEPT);
    for (const index of [0, 1, 2]) {
      const checked = await runProgram(['check', `${cluster.servers[index]!.folder}-during`]);
      expect([checked.status, checked.stderr]).toEqual([0, '']);
      const chain = /^ {2}chain ([0-9a-f]{64})$/m.exec(made[index]!.stdout)?.[1];
      expect(checked.stdout).toContain(chain);
    }
    const { stdout } = await runProgram(['status', '--server', cluster.addresses[0]!]);
    for (const address of cluster.addresses) {
      expect(stdout).toMatch(
        new RegExp(`^Copies of ${address}:\n.*\n {2}during +\\d{4}-\\d\\d-\\d\\d [\\d:]+ UTC +\\d+ `, 'm'),
      );
    }
  });

  it('that is cut short by kill -9 never passes for a whole one, and its remains go with the next start', async () => {
    cluster = await Cluster.started();
    talkers = [await Talker.joined('ana', cluster.addresses)];
    talkers[0]!.talk('ana', 16, 400);
    const primary = await cluster.untilComplete();
    const { folder } = cluster.servers[primary]!;
    const unfinished = `${folder}-cut.new`;
    const asked = backup(primary, 'cut');
    // As soon as there is anything of it; where it was whole before that, the kill changes nothing.
    await cluster.until('something of the copy is there', () => existsSync(unfinished) || existsSync(`${folder}-cut`));
    await cluster.kill(primary);
    const { status, stderr } = await asked;
    if (existsSync(`${folder}-cut`)) expect((await runProgram(['check', `${folder}-cut`])).status).toBe(0);
    else {
      expect(status).not.toBe(0);
      expect(stderr).not.toBe('');
    }
    await cluster.start(primary);
    expect(readdirSync(cluster.folder).filter((name) => name.endsWith('.new'))).toEqual([]);
    await cluster.untilComplete();
    expect((await backup(primary, 'again')).status).toBe(0);
  });

  it('a witness has nothing to copy, and a name that cannot be used is refused before anybody is asked', async () => {
    cluster = await Cluster.make({ size: 1, witnesses: 1, args: ['--replication-factor', '1'] });
    await cluster.startAll();
    const witness = await backup(1, 'x');
    expect(witness.status).toBe(1);
    expect(witness.stderr).toContain('is a witness');
    const named = await backup(0, 'not/this');
    expect(named.status).toBe(2);
    expect(named.stderr).toContain('"not/this"');
    const secret = await runProgram(['backup', 'x', '--secret-file', '/nowhere/x']);
    expect(secret.status).toBe(2);
  });
});

describe('a copy that takes a while', () => {
  it('is asked about until it is made, and no other one is begun meanwhile', async () => {
    let finish = (_: CopyManifest) => {};
    const said: string[] = [];
    const makeCopy = (_: string, progress: BackupProgress) => {
      progress.onSize(100);
      progress.onBytes(40);
      return new Promise<CopyManifest>((resolve) => {
        finish = resolve;
      });
    };
    const backups = new Backups('database@localhost:1538', makeCopy, (text) => said.push(text));
    expect(await backups.begin('slow')).toEqual({ copying: { bytes: 40, allBytes: 100 } });
    expect(await backups.begin('other')).toMatchObject({
      refused: expect.stringContaining('The copy slow is being made'),
    });
    expect(backups.progress('other')).toMatchObject({ refused: expect.stringContaining('is not being made') });
    const copied = { name: 'slow', madeAt: '', address: '', clusterId: '', operations: 7, chain: '', bytes: 100 };
    finish(copied);
    await new Promise((resolve) => setImmediate(resolve));
    expect(backups.progress('slow')).toEqual({ copied, folder: 'database@localhost:1538-slow' });
    expect(said.at(-1)).toContain('up to 7');
  });

  it('that fails for a reason nobody foresaw says so, and the next one is made', async () => {
    let isBroken = true;
    const copied = { name: 'x', madeAt: '', address: '', clusterId: '', operations: 7, chain: '', bytes: 100 };
    const makeCopy = async () => {
      if (isBroken) throw new Error('EIO: i/o error');
      return copied;
    };
    const backups = new Backups('database@localhost:1538', makeCopy, () => {});
    expect(await backups.begin('x')).toEqual({ refused: 'Making the copy failed: EIO: i/o error.' });
    isBroken = false;
    expect(await backups.begin('x')).toMatchObject({ copied });
  });
});
