import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** A folder of somebody else's, with the package installed from the file that `npm pack` makes. */
export interface EmbeddingProject {
  readonly folder: string;
  /** Where the package lies in it. */
  readonly installed: string;
  write(name: string, text: string): string;
  remove(): void;
}

/** Packs and installs without a registry: what the package depends on is linked to where it is installed here. */
export function makeEmbeddingProject(): EmbeddingProject {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-package-'));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    encoding: 'utf8',
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const installed = join(folder, 'node_modules/understudy');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', installed]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve('node_modules', name), link);
  }
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  write('package.json', JSON.stringify({ name: 'somebody-elses', type: 'module', private: true }));
  return { folder, installed, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
