import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hold } from '../../src/queue/hold.ts';
import { DirectoryAway } from '../../src/spool/ground.ts';

function makeHold(isLost?: () => boolean) {
  const said: string[] = [];
  const events = {
    held: (cause: string, what: string) => said.push(`${cause} held: ${what}`),
    released: (cause: string, heldMs: number) => said.push(`${cause} released after ${heldMs > 0}`),
  };
  const hold = new Hold(events, isLost);
  return { hold, said };
}

const diskFull = () => Object.assign(new Error('no space'), { code: 'ENOSPC' });

/** A step that fails so many times and then gives `result`. */
function failing<T>(times: number, result: T): () => Promise<T> {
  let left = times;
  return async () => {
    if (left-- > 0) throw diskFull();
    return result;
  };
}

test('what the disk refuses is tried again until it succeeds', async () => {
  const { hold, said } = makeHold();
  assert.equal(hold.heldMs, 0);
  const result = hold.guard('disk', 'write', failing(2, 'written'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hold.active, true);
  assert.ok(hold.heldMs > 0);
  assert.deepEqual(
    hold.causes.map(({ cause, what }) => [cause, what]),
    [['disk', 'write']],
  );
  assert.equal(await result, 'written');
  assert.equal(hold.active, false);
  assert.equal(hold.heldMs, 0);
  assert.deepEqual(hold.causes, []);
  assert.deepEqual(said, ['disk held: write', 'disk released after true']);
});

test('a hold is said once for all steps of a cause and released with the last of them', async () => {
  const { hold, said } = makeHold();
  await Promise.all([
    hold.guard('disk', 'first', failing(1, null)),
    hold.guard('disk', 'second', failing(3, null)),
    hold.guard('porch', 'start', failing(1, null)),
    hold.guard('disk', 'sound', failing(0, null)),
  ]);
  assert.deepEqual(said.slice(0, 2), ['disk held: first', 'porch held: start']);
  assert.deepEqual(said.slice(2).sort(), ['disk released after true', 'porch released after true']);
  assert.equal(hold.active, false);
});

test('a fault of the program is thrown on, and lets go of what it held', async () => {
  const { hold } = makeHold();
  const fault = new TypeError('not the disk');
  await assert.rejects(
    hold.guard('disk', 'write', () => {
      throw fault;
    }),
    fault,
  );
  let attempts = 0;
  const later = hold.guard('disk', 'write', () => {
    throw attempts++ === 0 ? diskFull() : fault;
  });
  await assert.rejects(later, fault);
  assert.equal(hold.active, false);
});

test("a fault that bears a code of Node's own is no refusal of the system", async () => {
  const { hold, said } = makeHold();
  const fault = hold.guard('disk', 'write', () => Buffer.from('x').readUInt8(7));
  await assert.rejects(fault, { code: 'ERR_OUT_OF_RANGE' });
  assert.deepEqual(said, []);
});

test('what is abandoned is not tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { hold } = makeHold();
  let attempts = 0;
  let settled = false;
  void hold
    .guard('disk', 'write', () => {
      attempts++;
      throw diskFull();
    })
    .finally(() => {
      settled = true;
    });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  t.mock.timers.tick(100);
  await turn();
  assert.equal(attempts, 2);
  hold.abandon();
  t.mock.timers.tick(60_000);
  await turn();
  assert.equal(attempts, 2);
  assert.equal(settled, false);
});

test('while the directory is away no step is taken, and the disk is held for it', async () => {
  let looks = 0;
  const { hold, said } = makeHold(() => {
    if (looks++ < 2) throw new DirectoryAway('gone', 'ENOENT');
    return false;
  });
  assert.equal(await hold.guard('porch', 'start', failing(1, 'started')), 'started');
  assert.deepEqual(said, [
    'disk held: start',
    'porch held: start',
    'disk released after true',
    'porch released after true',
  ]);
});

test('on another directory only what is open already is touched', async () => {
  const { hold, said } = makeHold(() => true);
  const step = () => assert.fail('a step by a path');
  assert.equal(hold.isHere, false);
  assert.equal(await hold.guard('disk', 'look', step, () => 'unknown'), 'unknown');
  assert.equal(await hold.guardOpen('disk', 'write', failing(1, 'written')), 'written');
  const never = hold.guard('disk', 'move', step).then(() => assert.fail('it was taken'));
  await Promise.race([never, new Promise((resolve) => setImmediate(resolve))]);
  assert.deepEqual(said, ['disk held: write', 'disk released after true']);
});
