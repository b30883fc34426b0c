import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { controlWords, type NativeRun, NativeSpawner } from '../../src/porch/native/spawner.ts';
import type { FromWorker } from '../../src/workers/answers.ts';
import { NativeRuns, type Run } from '../../src/workers/native-runs.ts';
import { lowestFreeDescriptor } from '../porch/spawners.ts';
import { makeFiles, native } from './support.ts';

/** What it starts and says, in its order; `queued` has been sent to it before. */
function makeRuns(t: TestContext, queued: Run[], longMs = 600_000) {
  const { request } = makeFiles(t);
  const events: string[] = [];
  class Watched extends NativeSpawner {
    override start(run: NativeRun) {
      events.push(`start ${basename(run.args[1] ?? '', '.json')}`);
      return super.start(run);
    }
  }
  const say = (message: FromWorker) => {
    if (message.type !== 'ran') return;
    const codes = message.results.map(({ exitCode }) => exitCode);
    events.push(`${message.id}: ${codes}${message.returned > 0 ? ` -${message.returned}` : ''}`);
  };
  const spawner = new Watched(() => runs.handBack());
  const runs = new NativeRuns(spawner, say, () => queued.shift() ?? null, longMs);
  const ask = (id: number, names: string[], directives = ''): Run => {
    const requests = names.map((name) => request(`${name}.json`, directives));
    return { type: 'run', id, requests, spawner: 'native' };
  };
  return { runs, events, ask, spawner };
}

test('the next porch starts before the last one is done with', native, (t) => {
  const queued: Run[] = [];
  const { runs, events, ask } = makeRuns(t, queued);
  queued.push(ask(2, ['c'], 'exit=3'));
  runs.work(ask(1, ['a', 'b']));
  assert.deepEqual(events, ['start a', 'start b', 'start c', '1: 0,0', '2: 3']);
});

test('one whose output is held open is done with first', native, (t) => {
  const queued: Run[] = [];
  const { runs, events, ask } = makeRuns(t, queued);
  queued.push(ask(2, ['b']));
  runs.work(ask(1, ['a'], 'fork-stay'));
  assert.deepEqual(events, ['start a', '1: 0', 'start b', '2: 0']);
});

test('what is wanted back is handed back with the last answer', native, (t) => {
  const queued: Run[] = [];
  const { runs, events, ask, spawner } = makeRuns(t, queued);
  queued.push(ask(2, ['c', 'd']));
  writeSync(spawner.control, controlWords.handBack);
  runs.work(ask(1, ['a', 'b']));
  assert.deepEqual(events, ['start a', '2:  -2', '1: 0 -1']);
});

test('nothing waits for one whose output is held open, done or not begun', native, (t) => {
  const { runs, events, ask } = makeRuns(t, []);
  const [first, stays, behind] = ['', 'fork-stay', ''].map((directives, index) => {
    return ask(1, [`${index}`], directives).requests;
  });
  runs.work({ ...ask(1, []), requests: [first, stays, behind].flatMap((one) => one ?? []) });
  assert.deepEqual(events, ['start 0', 'start 1', '1: 0 -1', '1: 0']);
});

test(
  'each has its own end while the last one is done with, and nothing is left behind',
  native,
  (t) => {
    const queued: Run[] = [];
    const { runs, events, ask } = makeRuns(t, queued);
    const before = lowestFreeDescriptor();
    const [late] = ask(2, ['late'], 'sleep=60').requests.map((one) => ({ ...one, timeoutMs: 30 }));
    const [missing] = ask(2, ['missing']).requests.map((one) => ({
      ...one,
      porch: '/nonexistent',
    }));
    const { requests } = ask(2, ['c'], 'exit=3');
    queued.push({
      ...ask(2, []),
      requests: [late, missing, ...requests].flatMap((one) => one ?? []),
    });
    runs.work(ask(1, ['a']));
    assert.deepEqual(events.slice(-1), ['2: ,,3']);
    assert.equal(lowestFreeDescriptor(), before);
  },
);

test('once told to begin nothing more, whatever it was asked has that result', native, (t) => {
  const queued: Run[] = [];
  const { runs, events, ask, spawner } = makeRuns(t, queued);
  queued.push(ask(2, ['c']));
  writeSync(spawner.control, controlWords.close);
  runs.work(ask(1, ['a', 'b']));
  assert.deepEqual(events.slice(3), ['1: ,', '2: ']);
});

test('nothing waits for one that turns out long', native, (t) => {
  const { runs, events, ask } = makeRuns(t, [], 0);
  runs.work(ask(1, ['a', 'b'], 'sleep=0.2'));
  assert.deepEqual(events, ['start a', '1:  -1', '1: 0']);
});
