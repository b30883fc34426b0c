import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { nativeSpawnerProblem } from '../../src/porch/native/spawner.ts';
import type { PorchRequest, SpawnerName } from '../../src/porch/types.ts';
import type { Kind } from '../../src/workers/messages.ts';
import { Pool } from '../../src/workers/pool.ts';
import type { RunnersOptions } from '../../src/workers/runners.ts';
import type { StartWorker } from '../../src/workers/thread.ts';
import { tempDir } from '../spool/support.ts';
import { intentFor, readPorchLog, standInPorch } from '../tools/porch.ts';
import { until } from '../tools/until.ts';

const limits = { maxFileSize: 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };
export const spawners: SpawnerName[] =
  nativeSpawnerProblem() === null ? ['native', 'node'] : ['node'];

export function makePool(
  t: TestContext,
  changes: Partial<RunnersOptions> = {},
  start?: StartWorker,
): Pool {
  const options = { runners: 2, runsPerThread: 1, limits, spawner: 'node', ...changes } as const;
  const pool = new Pool(options, start);
  t.after(() => pool.close());
  return pool;
}

export const mortal = (kind: Kind) =>
  new Worker(new URL('mortal-worker.ts', import.meta.url), {
    workerData: kind,
    trackUnmanagedFds: false,
  });

let runs = 0;

/** Files of one test and the requests to run porch for them. */
export function makeFiles(t: TestContext) {
  const dir = tempDir(t);
  const put = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const request = (name: string, directives = '', changes: Partial<PorchRequest> = {}) => ({
    porch: standInPorch,
    mode: 'direct' as const,
    intentPath: put(name, intentFor(directives, { target: name.replace(/\W/g, '-') })),
    outDir: dir,
    timeoutMs: 60_000,
    runId: `test${process.pid}-${++runs}`,
    attempt: 1,
    sha256: 'a'.repeat(64),
    correlationId: '',
    porchEnv: [],
    ...changes,
  });
  const begun = (name: string) =>
    until(() => readPorchLog(dir).some((line) => line.event === 'start' && line.name === name));
  return { dir, put, request, begun };
}

/** For tests of what the native spawner alone does. */
export const native = { skip: !spawners.includes('native') && 'no native spawner on this system' };
