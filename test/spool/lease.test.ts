import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processScope, processStart } from '../../src/platform/index.ts';
import type { Layout } from '../../src/spool/layout.ts';
import { Lease, LeaseRefused } from '../../src/spool/lease.ts';
import { until } from '../tools/until.ts';
import { makeSpool, put } from './support.ts';

const child = fileURLToPath(new URL('lease-child.ts', import.meta.url));

const leaseText = (changes: Record<string, unknown> = {}) =>
  JSON.stringify({
    version: 1,
    instance: 'here',
    life: 'earlier',
    host: hostname(),
    scope: processScope(),
    pid: process.pid,
    process_start: processStart(process.pid),
    renewals: 7,
    members: ['here'],
    ...changes,
  });

function acquire(layout: Layout, life: string, { ttlMs = 60_000, said = [] as string[] } = {}) {
  const waiting = (message: string) => said.push(message);
  return Lease.acquire(layout, { instance: 'here', life, ttlMs, waiting });
}

const holder = (layout: Layout): unknown => JSON.parse(readFileSync(layout.lease, 'utf8')).life;

/** A process that takes a lease; `said` grows with what it says. */
class Racer {
  readonly process: ChildProcess;
  said = '';

  constructor(handoff: string, instance: string, start: string) {
    this.process = spawn(process.execPath, [child, handoff, instance, start], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.process.stdout?.on('data', (data) => {
      this.said += data;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await once(this.process, 'exit');
    }
  }
}

/** Starts two processes that take the lease in the same instant. */
async function race(layout: Layout): Promise<void> {
  const start = join(layout.handoff, '..', 'start');
  await using one = new Racer(layout.handoff, 'here', start);
  await using other = new Racer(layout.handoff, 'here', start);
  await until(() => one.said && other.said);
  writeFileSync(start, '');
  await until(() => [one, other].every(({ said }) => /held|refused/.test(said)));
  const winners = [one, other].filter(({ said }) => said.includes('held'));
  assert.equal(winners.length, 1, `${one.said} / ${other.said}`);
  assert.equal(winners[0]?.said, `ready\nheld ${holder(layout)}\n`);
  rmSync(start);
}

test('of two that come in the same instant exactly one gets the lease', async (t) => {
  for (let round = 0; round < 15; round++) await race(makeSpool(t));
});

test('of two that find a dead one’s lease exactly one gets it', async (t) => {
  for (let round = 0; round < 15; round++) {
    const layout = makeSpool(t);
    writeFileSync(layout.lease, leaseText({ process_start: 'of another process' }));
    await race(layout);
  }
});

test('a killed process is dead at once, and its life is known to its heir', async (t) => {
  const layout = makeSpool(t);
  const racer = new Racer(layout.handoff, 'there', layout.handoff);
  await until(() => racer.said.includes('held'));
  await assert.rejects(acquire(layout, 'mine'), (error) => {
    return error instanceof LeaseRefused && error.message.includes(`pid ${racer.process.pid}`);
  });
  assert.deepEqual(readdirSync(layout.inflightRoot).sort(), ['here', 'there.lease']);
  await racer[Symbol.asyncDispose]();
  const said: string[] = [];
  const lease = await acquire(layout, 'mine', { said });
  assert.deepEqual(lease.predecessors, [`life${racer.process.pid}`]);
  assert.deepEqual(said, []);
  assert.deepEqual(readdirSync(layout.inflightRoot).sort(), ['here', 'here.lease']);
  lease.release();
  assert.deepEqual(readdirSync(layout.inflightRoot), ['here']);
});

test('a lease that is damaged belongs to nobody', async (t) => {
  for (const text of ['', '{"version":1', '\0'.repeat(200)]) {
    const layout = makeSpool(t);
    writeFileSync(layout.lease, text);
    await acquire(layout, 'mine');
    assert.equal(holder(layout), 'mine');
    await assert.rejects(acquire(layout, 'second'), LeaseRefused);
  }
});

test('a lease of another host is watched for its time to live', async (t) => {
  const layout = makeSpool(t);
  writeFileSync(layout.lease, leaseText({ scope: 'elsewhere', host: 'far' }));
  const said: string[] = [];
  const begun = performance.now();
  const lease = await acquire(layout, 'mine', { ttlMs: 300, said });
  assert.ok(performance.now() - begun >= 300);
  assert.deepEqual(lease.predecessors, ['earlier']);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /here on far has a lease/);
});

test('a lease of another host that changes is alive', async (t) => {
  const layout = makeSpool(t);
  const far = (renewals: number) => leaseText({ scope: 'elsewhere', instance: 'far', renewals });
  const path = put(layout.inflightRoot, 'far.lease', far(1));
  const acquiring = acquire(layout, 'mine', {
    said: Object.assign([], { push: () => writeFileSync(path, far(2)) }),
  });
  await assert.rejects(acquiring, LeaseRefused);
  assert.deepEqual(readdirSync(layout.inflightRoot).sort(), ['far.lease', 'here']);
});

test('a lease is renewed, and who loses it is told once', async (t) => {
  const layout = makeSpool(t);
  const lease = await acquire(layout, 'mine');
  t.after(() => lease.release());
  const lost: string[] = [];
  lease.keep(10, (by) => lost.push(by));
  const renewals = () => JSON.parse(readFileSync(layout.lease, 'utf8')).renewals;
  await until(() => renewals() >= 2);
  // What is damaged or removed is put back: nobody else has said anything.
  writeFileSync(layout.lease, 'damaged');
  await until(() => /mine/.test(readFileSync(layout.lease, 'utf8')));
  // A renewal replaces theirs where it had looked just before; then it is put there again.
  await until(() => {
    writeFileSync(layout.lease, leaseText({ life: 'theirs', pid: 4711 }));
    return lost.length > 0;
  });
  assert.deepEqual(lost, [`here, pid 4711 on ${hostname()}`]);
  lease.release();
  assert.equal(holder(layout), 'theirs');
});

test('a disk that refuses a renewal ends nothing', async (t) => {
  const layout = makeSpool(t);
  const lease = await acquire(layout, 'mine');
  t.after(() => lease.release());
  rmSync(layout.inflightRoot, { recursive: true });
  put(layout.handoff, '.inflight', 'in the way');
  const lost: string[] = [];
  lease.keep(5, (by) => lost.push(by));
  // A timer that was set after another of the same length fires after it.
  await delay(5);
  rmSync(layout.inflightRoot);
  mkdirSync(layout.inflightRoot);
  await until(() => readdirSync(layout.inflightRoot).includes('here.lease'));
  assert.deepEqual(lost, []);
});
