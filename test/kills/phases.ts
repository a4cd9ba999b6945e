import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, logSegments, SERVER_PROGRAM } from '../support/cluster.ts';
import { besides, type KillRig, runPatiently } from './rig.ts';

/** Something that a server does for a while, during which it is killed. */
export interface Phase {
  name: string;
  /** How many servers it takes at least. */
  servers: number;
  /**
   * Brings it about and kills in the midst of it; whatever is down then is started by who calls.
   *
   * @returns how many of the kills surely met it, by what they left
   */
  kill(rig: KillRig): Promise<number>;
}

const SNAPSHOT_WITHIN_MS = 8000;
const BEGINS_WITHIN_MS = 10_000;
/** Enough that a segment takes some milliseconds to be written anew. */
const ERASED = 200;

/** All that a kill may meet. */
export const PHASES: readonly Phase[] = [
  { name: 'a snapshot', servers: 1, kill: duringSnapshot },
  { name: 'a backup', servers: 1, kill: duringBackup },
  { name: 'a restore', servers: 1, kill: duringRestore },
  { name: 'a start', servers: 1, kill: duringStart },
  { name: 'a compaction', servers: 1, kill: duringCompaction },
  { name: 'state transfer: the joiner', servers: 3, kill: duringJoin },
  { name: 'state transfer: the server that feeds it', servers: 3, kill: duringFeed },
];

function unfinishedIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.new')) : [];
}

async function duringSnapshot(rig: KillRig): Promise<number> {
  const { primary, other } = await rig.someServers();
  const victim = rig.random.chance(0.5) ? primary : other;
  const { folder } = rig.server(victim);
  await rig.seen(() => unfinishedIn(folder).length > 0, SNAPSHOT_WITHIN_MS);
  await rig.soon(8);
  await rig.kill(victim);
  return unfinishedIn(folder).length > 0 ? 1 : 0;
}

async function duringBackup(rig: KillRig): Promise<number> {
  const { primary, other } = await rig.someServers();
  const victim = rig.random.chance(0.5) ? primary : other;
  const { folder, address } = rig.server(victim);
  const name = `kill${rig.kills}`;
  const [unfinished, copy] = [`${folder}-${name}.new`, `${folder}-${name}`];
  const asked = runPatiently(['backup', name, '--server', address]);
  await rig.seen(() => existsSync(unfinished) || existsSync(copy), BEGINS_WITHIN_MS);
  await rig.soon(6);
  await rig.kill(victim);
  const isCut = existsSync(unfinished);
  if (existsSync(copy)) await rig.check(copy);
  const { status } = await asked;
  if (status === 0 && !existsSync(copy)) throw new Error(`The copy ${name} was reported, and is not there.`);
  await rig.cluster.start(victim);
  if (existsSync(unfinished)) throw new Error(`What was left of the copy ${name} is still there after a start.`);
  rmSync(copy, { recursive: true, force: true });
  return isCut ? 1 : 0;
}

/** On copies of the folders, beside the cluster: a restored database is another cluster's. */
async function duringRestore(rig: KillRig): Promise<number> {
  const { other } = await rig.someServers();
  const { folder, address } = rig.server(other);
  const name = `kept${rig.kills}`;
  const made = await runPatiently(['backup', name, '--server', address]);
  if (made.status !== 0) throw new Error(`No copy could be made: ${made.stderr}`);
  // The command refuses while another server of the cluster could go on with what it replaces.
  for (const { index } of rig.cluster.servers) await rig.kill(index);
  const beside = join(rig.cluster.folder, `beside-${name}`);
  const database = await besides(folder, [name], beside);
  const expected = chainIn(await rig.check(`${database}-${name}`));
  const isHit = await killedRestore(rig, database, name);
  // Killed before, between or after its two renames: what is under the name is whole, and another attempt ends it.
  if (existsSync(database)) await rig.check(database);
  const again = await runPatiently(['restore', database, name]);
  if (again.status !== 0) throw new Error(`The restore after a killed one failed: ${again.stderr}`);
  const found = chainIn(await rig.check(database));
  if (found !== expected) throw new Error(`The restored database has the chain ${found}, its copy ${expected}.`);
  rmSync(beside, { recursive: true });
  rmSync(`${folder}-${name}`, { recursive: true });
  return isHit ? 1 : 0;
}

async function killedRestore(rig: KillRig, database: string, name: string): Promise<boolean> {
  const child = spawn(process.execPath, [SERVER_PROGRAM, 'restore', database, name], {
    stdio: 'ignore',
    env: cleanEnvironment(),
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await rig.seen(() => existsSync(`${database}.restoring.new`) || child.exitCode !== null, BEGINS_WITHIN_MS);
  await rig.soon(12);
  rig.kills += 1;
  child.kill('SIGKILL');
  await ended;
  return child.signalCode === 'SIGKILL';
}

async function duringCompaction(rig: KillRig): Promise<number> {
  const { primary, other } = await rig.someServers();
  const victim = rig.random.chance(0.5) ? primary : other;
  const texts = await rig.eraser.erase(primary, ERASED);
  const { folder } = rig.server(victim);
  const asked = runPatiently(['compact', '--server', rig.server(primary).address]);
  await rig.seen(() => unfinishedIn(folder).some((name) => name.startsWith('commit_log-')), BEGINS_WITHIN_MS);
  await rig.soon(10);
  await rig.kill(victim);
  const isCut = unfinishedIn(folder).some((name) => name.startsWith('commit_log-'));
  await asked;
  await rig.revive();
  // One that was decided goes on by itself; one whose primary died before it was is decided by the next one.
  const again = await runPatiently(['compact', '--server', rig.server(victim).address]);
  if (again.status !== 0) throw new Error(`The compaction after a killed one failed: ${again.stderr}`);
  await rig.untilCompacted();
  for (const { folder: searched } of rig.cluster.servers) {
    const found = filesWith(searched, texts);
    if (found.length > 0) throw new Error(`Deleted texts are still in ${found.join(', ')}.`);
  }
  return isCut ? 1 : 0;
}

function filesWith(folder: string, texts: readonly string[]): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => {
    const content = readFileSync(path, 'utf8');
    return texts.some((text) => content.includes(text));
  });
}

function chainIn(printed: string): string | undefined {
  return /^ {2}([0-9a-f]{64})$/m.exec(printed)?.[1];
}

async function duringStart(rig: KillRig): Promise<number> {
  const { primary, other } = await rig.someServers();
  const victim = rig.random.chance(0.5) ? primary : other;
  await rig.kill(victim);
  rig.cluster.launch(victim);
  await rig.soon(900);
  const listens = (await rig.cluster.status(victim)) !== undefined;
  if (!rig.server(victim).process) return 1;
  await rig.kill(victim);
  return listens ? 1 : 2;
}

/** Empties a backup's folder, starts it, and waits until it has got something. */
async function beginTransfer(rig: KillRig, joiner: number): Promise<void> {
  await rig.kill(joiner);
  const { folder } = rig.server(joiner);
  rmSync(folder, { recursive: true, force: true });
  rig.cluster.launch(joiner);
  await rig.seen(() => existsSync(folder) && logSegments(folder).length > 0, BEGINS_WITHIN_MS);
  await rig.soon(60);
}

async function backupOf(rig: KillRig): Promise<{ primary: number; joiner: number }> {
  const { primary, other } = await rig.someServers();
  return { primary, joiner: other };
}

async function duringJoin(rig: KillRig): Promise<number> {
  const { joiner } = await backupOf(rig);
  await beginTransfer(rig, joiner);
  const isJoining = await joins(rig, joiner);
  await rig.kill(joiner);
  return isJoining ? 1 : 0;
}

async function duringFeed(rig: KillRig): Promise<number> {
  const { primary, joiner } = await backupOf(rig);
  await beginTransfer(rig, joiner);
  const isJoining = await joins(rig, joiner);
  await rig.kill(primary);
  await rig.soon(200);
  return isJoining ? 1 : 0;
}

/** It is not a member yet, so that it lacks something. */
async function joins(rig: KillRig, joiner: number): Promise<boolean> {
  const role = (await rig.cluster.status(joiner))?.role;
  return role !== 'backup' && role !== 'primary';
}
