import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PorchRequest } from '../../src/porch/types.ts';
import { intentFor, standInPorch } from '../tools/porch.ts';

/** A directory of its own for one test, with an empty `out` in it. */
export type Setting = {
  dir: string;
  outDir: string;
  /** A request for the stand-in with an intent that holds `directives`. */
  request(directives: string, changes?: Partial<PorchRequest>): PorchRequest;
  [Symbol.dispose](): void;
};

export function makeSetting(): Setting {
  const dir = mkdtempSync(join(tmpdir(), 'porch-test-'));
  const outDir = join(dir, 'out');
  mkdirSync(outDir);
  const intentPath = join(dir, 'intent-a.json');
  return {
    dir,
    outDir,
    request(directives, changes = {}) {
      writeFileSync(intentPath, intentFor(directives));
      return {
        porch: standInPorch,
        mode: 'direct',
        intentPath,
        outDir,
        timeoutMs: 60_000,
        runId: `run-${crypto.randomUUID()}`,
        attempt: 1,
        sha256: 'a'.repeat(64),
        correlationId: 'corr-1',
        porchEnv: [],
        ...changes,
      };
    },
    [Symbol.dispose]() {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** An executable script in the setting's directory. */
export function writeScript(setting: Setting, name: string, text: string, mode = 0o755): string {
  const path = join(setting.dir, name);
  writeFileSync(path, text, { mode });
  return path;
}

/** The text of a file once it is complete with its line end, else null. */
export function lineOf(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    return text.endsWith('\n') ? text.trimEnd() : null;
  } catch {
    return null;
  }
}

/** Zombies are dead. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
