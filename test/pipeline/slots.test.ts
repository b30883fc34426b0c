import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Slots } from '../../src/pipeline/slots.ts';

test('as many may begin as there are slots at the moment', () => {
  let limit = 2;
  const slots = new Slots(
    () => limit,
    () => {},
  );
  assert.equal(slots.free, 2);
  assert.equal(slots.take(), undefined);
  assert.equal(slots.take(), undefined);
  assert.equal(slots.free, 0);
  limit = 4;
  assert.equal(slots.free, 2);
  slots.take();
  limit = 2;
  assert.equal(slots.free, -1);
});

test('there may be more or fewer from one moment to the next', async () => {
  const events: string[] = [];
  let limit = 1;
  const slots = new Slots(
    () => limit,
    () => events.push('freed'),
  );
  const resize = (to: number) => {
    limit = to;
    slots.relimited();
  };
  slots.take();
  const waiting = Promise.resolve(slots.take()).then(() => events.push('had its turn'));
  resize(2);
  await waiting;
  assert.equal(slots.free, 0);
  resize(1);
  assert.equal(slots.free, -1);
  slots.give();
  assert.equal(slots.free, 0);
  slots.give();
  assert.equal(slots.free, 1);
  resize(3);
  assert.equal(slots.free, 3);
  assert.deepEqual(events, ['had its turn', 'freed', 'freed']);
});

test('who waits comes first, in order, and is told before anybody else', async () => {
  const events: string[] = [];
  const slots = new Slots(
    () => 1,
    () => events.push('freed'),
  );
  slots.take();
  const waiting = ['first', 'second'].map(async (name) => {
    await slots.take();
    events.push(name);
  });
  slots.give();
  await waiting[0];
  assert.equal(slots.free, 0);
  slots.give();
  await waiting[1];
  assert.deepEqual(events, ['first', 'second']);
  slots.give();
  assert.deepEqual(events, ['first', 'second', 'freed']);
});

test('however it is taken and given, nobody holds more than there are and nobody waits in vain', async () => {
  const command = fc.constantFrom('take', 'give', 'prepare');
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      let limit = 2;
      const slots = new Slots(
        () => limit,
        () => {},
      );
      let held = 0;
      let wanted = 0;
      for (const step of commands) {
        if (step === 'prepare') limit = 6 - limit;
        if (step === 'give' && held > 0) {
          held--;
          slots.give();
        }
        if (step === 'take') {
          wanted++;
          void Promise.resolve(slots.take()).then(() => {
            wanted--;
            held++;
          });
        }
        await null;
        await null;
        await null;
        assert.ok(held <= 4);
        assert.ok(slots.free === limit - held);
      }
      limit = 2;
      while (held > 0) {
        held--;
        slots.give();
        for (let turn = 0; turn < 3; turn++) await null;
      }
      assert.equal(wanted, 0);
      assert.equal(slots.free, 2);
    }),
  );
});

test('what is urgent has more slots than the rest, and is told when one of them is free', () => {
  let freed = 0;
  const slots = new Slots(
    () => 1,
    () => freed++,
    () => 1,
  );
  slots.takeFree();
  assert.deepEqual([slots.free, slots.freeForUrgent], [0, 1]);
  slots.takeFree();
  assert.deepEqual([slots.free, slots.freeForUrgent], [-1, 0]);
  slots.give();
  assert.equal(freed, 1);
  assert.deepEqual([slots.free, slots.freeForUrgent], [0, 1]);
});
