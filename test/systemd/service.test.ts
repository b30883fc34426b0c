import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sendDatagram } from '../../src/platform/index.ts';
import { type Health, Service, watchdogPeriodMs } from '../../src/systemd/service.ts';
import { forbidden } from '../faults/skip.ts';
import { tempDir } from '../spool/support.ts';
import { NotifySocket } from '../tools/notify-socket.ts';
import { until } from '../tools/until.ts';

const noFfi = 'this runtime has no node:ffi for a Unix datagram socket';

/** A service that tells a socket; null where there can be none. */
function serve(t: TestContext, environment: NodeJS.ProcessEnv = {}, address?: string) {
  const path = address ?? join(tempDir(t), 'notify');
  const socket = NotifySocket.bind(path);
  if (!socket) {
    forbidden(t.name, noFfi);
    return null;
  }
  const problems: string[] = [];
  const service = new Service({ NOTIFY_SOCKET: path, ...environment }, (why) => problems.push(why));
  t.after(() => {
    service.end();
    socket[Symbol.dispose]();
  });
  return { service, socket, problems, path };
}

const health: Health = { status: () => 'working', ping: async () => {} };

test('a life is told from start to end, each thing once', (t) => {
  const served = serve(t);
  if (!served) return;
  const { service, socket, problems } = served;
  service.follow(health);
  service.reloading();
  service.reloaded();
  assert.deepEqual(socket.messages, [], 'before it is ready there is nothing to reload');
  service.ready();
  service.ready();
  const before = process.hrtime.bigint() / 1000n;
  service.reloading();
  const after = process.hrtime.bigint() / 1000n;
  service.reloaded();
  service.stopping();
  service.stopping();
  service.reloading();
  service.ready();
  service.end();
  const [ready, reloading, ...rest] = socket.messages;
  assert.equal(ready, 'READY=1\nSTATUS=working');
  const usec = BigInt(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading ?? '')?.[1] ?? -1);
  assert.ok(before <= usec && usec <= after, reloading);
  assert.deepEqual(rest, ['READY=1', 'STOPPING=1\nSTATUS=stopping']);
  assert.deepEqual(problems, []);
});

test('a socket may be in the abstract namespace', (t) => {
  const served = serve(t, {}, `@conductor-loop/${randomUUID()}`);
  if (!served) return;
  served.service.ready();
  assert.deepEqual(served.socket.messages, ['READY=1\nSTATUS=starting']);
});

test('a start that takes long is given more time, and says how it goes', async (t) => {
  const served = serve(t);
  if (!served) return;
  const { service, socket } = served;
  let status = 'reading the journal';
  service.follow({ ...health, status: () => status });
  service.begin();
  await until(() => socket.messages.length === 1);
  assert.equal(socket.messages[0], 'EXTEND_TIMEOUT_USEC=30000000\nSTATUS=reading the journal');
  service.ready();
  status = 'watching';
  await until(() => socket.messages.length === 3);
  assert.deepEqual(socket.messages.slice(1), ['READY=1', 'STATUS=watching']);
});

test('the watchdog hears of us as long as the threads answer', async (t) => {
  const served = serve(t, { WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) });
  if (!served) return;
  const { service, socket } = served;
  let answer = Promise.withResolvers<void>();
  answer.resolve();
  let asked = 0;
  service.follow({
    ...health,
    ping: () => {
      asked++;
      return answer.promise;
    },
  });
  service.begin();
  const signs = () => socket.having(/^WATCHDOG=1$/).length;
  await until(() => signs() >= 3);
  answer = Promise.withResolvers();
  const { resolve } = answer;
  const before = asked;
  await until(() => asked > before);
  const silent = signs();
  const begun = performance.now();
  await until(() => performance.now() - begun > 200);
  assert.equal(signs(), silent, 'a thread does not answer');
  assert.equal(asked, before + 1, 'what has not answered is not asked again');
  resolve();
  await until(() => signs() > silent);
});

test('a thread that dies while it is asked is no sign of life, and no fault', async (t) => {
  const served = serve(t, { WATCHDOG_USEC: '20000' });
  if (!served) return;
  let asked = 0;
  served.service.follow({
    ...health,
    ping: () => {
      asked++;
      return Promise.reject(new Error('a worker thread died'));
    },
  });
  served.service.begin();
  await until(() => asked >= 3);
  assert.deepEqual(served.socket.having(/^WATCHDOG=1$/), []);
});

test('the watchdog is fed at half of its time, and only where it waits for this process', () => {
  assert.equal(watchdogPeriodMs({ WATCHDOG_USEC: '30000000' }, 7), 15_000);
  assert.equal(watchdogPeriodMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 15_000);
  assert.equal(watchdogPeriodMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), null);
  for (const WATCHDOG_USEC of [undefined, '', '0', '-5', 'soon', '9'.repeat(40)]) {
    assert.equal(watchdogPeriodMs({ WATCHDOG_USEC }, 7), null);
  }
});

test('where nobody wants to know, nothing is told and nothing is wrong', () => {
  const problems: string[] = [];
  const service = new Service({ WATCHDOG_USEC: '1000' }, (why) => problems.push(why));
  service.begin();
  service.ready();
  service.end();
  assert.deepEqual(problems, []);
});

test('a socket that is not there is complained of once, and nothing else comes of it', (t) => {
  if (process.platform !== 'linux') return forbidden(t.name, noFfi);
  const problems: string[] = [];
  const NOTIFY_SOCKET = join(tempDir(t), 'none');
  const service = new Service({ NOTIFY_SOCKET }, (why) => problems.push(why));
  service.ready();
  service.stopping();
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /ENOENT.*none/);
  const odd = new Service({ NOTIFY_SOCKET: 'vsock:2:1234' }, (why) => problems.push(why));
  odd.ready();
  assert.match(problems[1] ?? '', /NOTIFY_SOCKET=vsock:2:1234 is no Unix socket/);
  assert.throws(() => sendDatagram(`/${'x'.repeat(108)}`, ''), { code: 'ENAMETOOLONG' });
});

test('what a receiver that is behind cannot take yet is told again, in full', async (t) => {
  const served = serve(t);
  if (!served) return;
  const { service, socket, problems } = served;
  // Its queue is bounded (net.unix.max_dgram_qlen).
  const full = () => {
    try {
      return !sendDatagram(served.path, 'X=1');
    } catch {
      return true;
    }
  };
  while (!full());
  service.ready();
  assert.deepEqual(socket.having(/^READY=1$/), []);
  await until(() => socket.having(/^READY=1$/).length === 1);
  assert.deepEqual(problems, []);
});
