import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { controlWords, type NativeRun, NativeSpawner } from '../../src/porch/native/spawner.ts';
import type { FromWorker } from '../../src/workers/answers.ts';
import { NativeRuns, type Run } from '../../src/workers/native-runs.ts';
import { makeFiles, native } from './support.ts';

/** What it starts and says, in its order; `queued` has been sent to it before. */
function makeRuns(t: TestContext, queued: Run[]) {
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
  const runs = new NativeRuns(spawner, say, () => queued.shift() ?? null);
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

for (const [what, directives] of [
  ['', ''],
  [', also after one whose output was held open', 'fork-stay'],
]) {
  test(`what is wanted back is handed back with the last answer${what}`, native, (t) => {
    const queued: Run[] = [];
    const { runs, events, ask, spawner } = makeRuns(t, queued);
    queued.push(ask(2, ['c', 'd']));
    writeSync(spawner.control, controlWords.handBack);
    runs.work(ask(1, ['a', 'b'], directives));
    assert.deepEqual(events, ['start a', '2:  -2', '1: 0 -1']);
  });
}
