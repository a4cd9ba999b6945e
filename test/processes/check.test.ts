import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Progress } from '../../shared/progress.ts';
import { Talker } from '../chaos/talker.ts';
import { Cluster, logSegments } from '../support/cluster.ts';
import { runProgram } from '../support/program.ts';

describe('server check', { timeout: 60_000 }, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.started();
    const ana = await Talker.joined('ana', cluster.addresses);
    for (let said = 0; said < 5; said++) await ana.say('ana');
    await ana.close();
    await cluster.untilLogsEqual();
    const primary = await cluster.untilComplete();
    await Promise.all([0, 1, 2].filter((index) => index !== primary).map((index) => cluster.terminate(index)));
    await cluster.terminate(primary);
  });

  afterAll(() => cluster?.close());

  const chainOf = (stdout: string) => /^Operations 1 to (\d+), chain\n {2}([0-9a-f]{64})$/m.exec(stdout);

  it('prints one hash, equal for servers with the same operations, at the same operation', async () => {
    const whole = await Promise.all([0, 1, 2].map((index) => runProgram(['check', cluster.servers[index]!.folder])));
    expect(whole.map(({ status }) => status)).toEqual([0, 0, 0]);
    const ends = whole.map(({ stdout }) => Number(chainOf(stdout)?.[1]));
    const to = String(Math.min(...ends));
    const same = await Promise.all(
      [0, 1, 2].map((index) => runProgram(['check', cluster.servers[index]!.folder, '--to', to])),
    );
    expect(new Set(same.map(({ stdout }) => chainOf(stdout)?.[2])).size).toBe(1);
    for (const { stdout } of [...whole, ...same]) {
      for (const line of stdout.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
    }
    const past = await runProgram(['check', cluster.servers[0]!.folder, '--to', '999999']);
    expect(past.status).toBe(2);
    expect(past.stderr).toContain('999999');
  });

  it('ends with status 1 and names file and line when something is damaged; as JSON, too', async () => {
    const { folder } = cluster.servers[0]!;
    const path = join(folder, logSegments(folder)[0]!);
    const text = readFileSync(path, 'utf8');
    const edited = text.replace('""username"":""ana""', '""username"":""eve""');
    expect(edited).not.toBe(text);
    writeFileSync(path, edited);
    appendFileSync(path, `${text.split('\n').length - 1},0/1/`);
    try {
      const [plain, json] = await Promise.all([runProgram(['check', folder]), runProgram(['check', folder, '--json'])]);
      expect([plain.status, json.status]).toEqual([1, 1]);
      expect(plain.stdout.replaceAll('\n', ' ')).toMatch(
        /commit_log-0+1\.csv, line \d+: op \d+ does not match its digest/,
      );
      expect(plain.stdout).toContain('DAMAGED. Operations 1 to ');
      const report = JSON.parse(json.stdout);
      expect(report.damages[0].what).toContain(path);
      expect(report.notes[0]).toContain('never acknowledged');
    } finally {
      writeFileSync(path, text);
    }
  });
});

describe('progress', () => {
  function shown(isTTY: boolean, stepMs: number): string[] {
    const written: string[] = [];
    let nowMs = 0;
    const progress = new Progress('Checking', { write: (text) => written.push(text), isTTY }, () => nowMs);
    for (let done = 0; done <= 100; done++) {
      progress.show(done, 100);
      nowMs += stepMs;
    }
    progress.end();
    return written;
  }

  it('is not shown for what takes less than a second', () => {
    expect(shown(true, 9)).toEqual([]);
    expect(shown(false, 9)).toEqual([]);
  });

  it('is a bar of one line on a terminal, which goes away, and a line for each tenth elsewhere', () => {
    const bar = shown(true, 100);
    expect(bar.at(-1)).toBe('\r\u001b[K');
    expect(bar).toContain('\rChecking [###############---------------] 50 %');
    expect(bar.every((text) => text.startsWith('\r') && text.length <= 80)).toBe(true);
    const lines = shown(false, 100);
    expect(lines).toEqual(expect.arrayContaining(['Checking: 50 %\n', 'Checking: 100 %\n']));
    expect(lines).toHaveLength(10);
  });
});
