import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { databaseFolder } from '../../server/storage/folder.ts';
import { beginFromCopy } from '../../server/storage/restore.ts';
import type { Address } from '../../shared/ids.ts';
import { ADDRESS, append, openScanned, settled, someEntries, temporaryFolder, viewFile } from './samples.ts';

async function newFolder(): Promise<string> {
  return databaseFolder(join(await temporaryFolder(), 'data'), ADDRESS);
}

/** The lock that a process leaves in a folder when it is killed while it has it open. */
async function lockOf(pid: number, changes: { started?: string; boot?: string } = {}): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8');
  const started = changes.started ?? line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  const boot = changes.boot ?? (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return `pid ${pid}\nstarted ${started}\nboot ${boot}\n`;
}

async function startSleeper(): Promise<ChildProcess> {
  const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  onTestFinished(() => void sleeper.kill('SIGKILL'));
  await once(sleeper, 'spawn');
  return sleeper;
}

describe('opening a database', () => {
  it('makes the data folder, the folder of the address and its quarantine, closed to other users', async () => {
    const folder = await newFolder();
    expect(folder.endsWith('/data/database@localhost:1538')).toBe(true);
    await openScanned(folder);
    expect(await readdir(folder)).toEqual(['lock', 'quarantine', 'reserve']);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('gives an empty folder a new disk id each time, until a view file keeps one', async () => {
    const folder = await newFolder();
    const first = await openScanned(folder);
    await first.close();
    const second = await openScanned(folder);
    expect(first.disk).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.disk).not.toBe(first.disk);
    await settled((done) => second.storage.writeViewFile({ ...viewFile(1), disk: second.disk }, done));
    await second.close();
    expect((await openScanned(folder)).disk).toBe(second.disk);
  });

  it('R25: keeps the session key where only its owner can read it', async () => {
    const folder = await newFolder();
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await settled((done) => storage.writeSessionKey('a secret', done));
    await close();
    const path = join(folder, 'session_key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    const { recovered } = await openScanned(folder);
    expect(recovered).toMatchObject({ sessionKey: 'a secret', repairs: [expect.stringContaining('session_key')] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('R25: refuses a session key of which any bit changed, and takes one that was written without a digest', async () => {
    const folder = await newFolder();
    const { storage, close } = await openScanned(folder);
    const key = '0123456789abcdef'.repeat(4);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await settled((done) => storage.writeSessionKey(key, done));
    await close();
    const path = join(folder, 'session_key');
    const whole = await readFile(path);
    for (let byte = 0; byte < whole.length; byte++) {
      const changed = Buffer.from(whole);
      changed[byte]! ^= 1 << (byte % 8);
      await writeFile(path, changed);
      await expect(openScanned(folder), `byte ${byte}`).rejects.toThrow('Copy session_key from the folder of another');
    }
    await writeFile(path, `${key}\n`);
    const database = await openScanned(folder);
    expect(database.recovered.sessionKey).toBe(key);
    await database.close();
    expect(await readFile(path)).toEqual(whole);
  });

  it('refuses the folder of a server with another address', async () => {
    const folder = await newFolder();
    const { storage, close } = await openScanned(folder);
    await settled((done) => storage.writeViewFile(viewFile(1), done));
    await close();
    const opening = openScanned(folder, { address: 'localhost:2538' as Address });
    await expect(opening).rejects.toMatchObject({ code: 'wrong-address' });
    await expect(opening).rejects.toThrow('of the server localhost:1538, and this one is localhost:2538');
    expect((await openScanned(folder)).recovered.viewFile).toEqual(viewFile(1));
  });

  it('keeps room for the view file on the disk', async () => {
    const folder = await newFolder();
    const { close } = await openScanned(folder);
    await close();
    expect((await stat(join(folder, 'reserve'))).size).toBe(64 * 1024);
  });
});

describe('the lock', () => {
  it('refuses a second opening and names the process that has the folder', async () => {
    const folder = await newFolder();
    const { close } = await openScanned(folder);
    const second = openScanned(folder);
    await expect(second).rejects.toMatchObject({ code: 'in-use' });
    await expect(second).rejects.toThrow(`(pid ${process.pid}): stop that server first`);
    await close();
    expect(await readdir(folder)).not.toContain('lock');
    await openScanned(folder);
  });

  it('is given back when opening fails', async () => {
    const folder = await newFolder();
    await (await openScanned(folder)).close();
    await writeFile(join(folder, 'view.csv'), '');
    await expect(openScanned(folder)).rejects.toMatchObject({ code: 'view-file-lost' });
    expect(await readdir(folder)).not.toContain('lock');
  });

  it.skipIf(process.platform !== 'linux')('names another process that runs, but not one that is dead', async () => {
    const folder = await newFolder();
    await (await openScanned(folder)).close();
    const sleeper = await startSleeper();
    await writeFile(join(folder, 'lock'), await lockOf(sleeper.pid!));
    await expect(openScanned(folder)).rejects.toThrow(`in use by process ${sleeper.pid}`);
    expect(await readFile(join(folder, 'lock'), 'utf8')).toBe(await lockOf(sleeper.pid!));
    sleeper.kill('SIGKILL');
    await once(sleeper, 'exit');
    await openScanned(folder);
    expect(await readFile(join(folder, 'lock'), 'utf8')).toBe(await lockOf(process.pid));
  });

  it.skipIf(process.platform !== 'linux')(
    'is not fooled by a later process with the same id, nor by a reboot',
    async () => {
      const folder = await newFolder();
      const sleeper = await startSleeper();
      const before = [{ started: '1' }, { boot: '00000000-0000-4000-8000-000000000000' }];
      for (const changes of before) {
        await (await openScanned(folder)).close();
        await writeFile(join(folder, 'lock'), await lockOf(sleeper.pid!, changes));
        await (await openScanned(folder)).close();
      }
    },
  );

  it('lets one of many that start at once have the folder', async () => {
    const folder = await newFolder();
    await (await openScanned(folder)).close();
    await writeFile(join(folder, 'lock'), 'left over from who knows when');
    const openings = await Promise.allSettled(Array.from({ length: 8 }, () => openScanned(folder)));
    expect(openings.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual(['lock']);
  });
});

describe('a folder that can not be used', () => {
  it('is said to lack its parent', async () => {
    const base = await temporaryFolder();
    const opening = openScanned(databaseFolder(join(base, 'no', 'data'), ADDRESS));
    await expect(opening).rejects.toMatchObject({ code: 'missing-parent' });
    await expect(opening).rejects.toThrow(`because ${base}/no does not exist`);
  });

  it('is said to be a file', async () => {
    const base = await temporaryFolder();
    await writeFile(join(base, 'data'), '');
    await expect(openScanned(databaseFolder(join(base, 'data'), ADDRESS))).rejects.toMatchObject({
      code: 'not-a-folder',
    });
    await rm(join(base, 'data'));
    await mkdir(join(base, 'data'));
    await writeFile(databaseFolder(join(base, 'data'), ADDRESS), '');
    await expect(openScanned(databaseFolder(join(base, 'data'), ADDRESS))).rejects.toMatchObject({
      code: 'not-a-folder',
    });
  });

  /** Runs as a user who is not root: root may write everywhere, so as root nothing would be refused. */
  async function asOrdinaryUser(use: (user: number) => Promise<void>): Promise<void> {
    if (process.geteuid!() !== 0) return use(process.geteuid!());
    process.seteuid!(65534);
    try {
      await use(65534);
    } finally {
      process.seteuid!(0);
    }
  }

  /** Opens a database in a process of another user. @returns what it was refused with, as `CODE SENTENCE` */
  async function refusalForUser(uid: number, folder: string): Promise<string> {
    const program = `
      import { openDatabase } from './server/storage/database.ts';
      // Only now: that user may not be able to read the program's own files.
      process.setuid(${uid});
      const options = { address: ${JSON.stringify(ADDRESS)}, durability: 'fsync' };
      await openDatabase(${JSON.stringify(folder)}, options).catch((error) => console.log(error.code, error.message));`;
    const parameters = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    await once(child, 'close');
    return output;
  }

  it('is said to be read-only, with the way to change that', async () => {
    const base = await temporaryFolder();
    await chmod(base, 0o755);
    const data = join(base, 'data');
    await mkdir(data);
    if (process.geteuid!() === 0) await chown(data, 65534, 65534);
    await chmod(data, 0o500);
    await asOrdinaryUser(async () => {
      const opening = openScanned(databaseFolder(data, ADDRESS));
      await expect(opening).rejects.toMatchObject({ code: 'not-writable' });
      await expect(opening).rejects.toThrow(`chmod -R u+rwX ${data}`);
    });
    await chmod(data, 0o700);
  });

  it.skipIf(process.geteuid?.() !== 0)(
    'is said to belong to another user (needs root, to make such a folder)',
    async () => {
      const base = await temporaryFolder();
      await chmod(base, 0o755);
      const folder = databaseFolder(join(base, 'data'), ADDRESS);
      const { storage, close } = await openScanned(folder);
      await settled((done) => storage.writeViewFile(viewFile(1), done));
      await append(storage, someEntries(2));
      await close();
      await asOrdinaryUser(async (user) => {
        const opening = openScanned(folder);
        await expect(opening).rejects.toMatchObject({ code: 'wrong-owner' });
        await expect(opening).rejects.toThrow(`belongs to user 0, and this server runs as user ${user}`);
        // A server looks first whether it is a copy, and leaves that sentence to the opening.
        expect(await beginFromCopy(folder, ADDRESS, true)).toBeUndefined();
      });
      // Files that were made by root in a folder that is open to all, as after a start with sudo.
      await chmod(folder, 0o777);
      await chmod(join(folder, 'quarantine'), 0o777);
      expect(await refusalForUser(65534, folder)).toMatch(
        /^wrong-owner .*\/(commit_log|view|reserve)[^ ]* belongs to user 0/,
      );
      expect((await openScanned(folder)).entries).toHaveLength(2);
    },
  );
});
