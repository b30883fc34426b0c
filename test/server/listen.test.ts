import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { listen } from '../../src/server/listen.ts';
import { until } from '../tools/until.ts';

const limits = {
  address: '127.0.0.1',
  port: 0,
  timeoutMs: 10_000,
  keepAliveMs: 60_000,
  maxConnections: 3,
  maxHeaderSize: 8192,
};

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

test('the address of whoever asks is known, and the port that the system chose', async () => {
  const listener = await listen((_request, { client }) => new Response(client), limits);
  const response = await fetch(`http://127.0.0.1:${listener.port}/`);
  assert.match(await response.text(), /^(::ffff:)?127\.0\.0\.1$/);
  await listener.close();
  await assert.rejects(fetch(`http://127.0.0.1:${listener.port}/`));
});

test('a port that is taken is told by its errno', async () => {
  const listener = await listen(() => new Response(), limits);
  const again = { ...limits, port: listener.port };
  await assert.rejects(
    listen(() => new Response(), again),
    { code: 'EADDRINUSE' },
  );
  await listener.close();
});

test('a new connection takes the place of the one that has been idle longest', async () => {
  const listener = await listen(() => new Response('yes'), limits);
  const idle = [await open(listener.port), await open(listener.port), await open(listener.port)];
  const response = await fetch(`http://127.0.0.1:${listener.port}/`);
  assert.equal(await response.text(), 'yes');
  await until(() => idle[0]?.closed === true);
  assert.deepEqual(
    idle.map(({ closed }) => closed),
    [true, false, false],
  );
  await listener.close();
});

test('who waits for an answer keeps its connection, and a further one is closed', async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  let asked = 0;
  const listener = await listen(() => {
    asked++;
    return promise.then((response) => response.clone());
  }, limits);
  const ask = () => fetch(`http://127.0.0.1:${listener.port}/`).then((one) => one.text());
  const waiting = [ask(), ask(), ask()];
  await until(() => asked === 3);
  const further = await open(listener.port);
  await until(() => further.closed);
  resolve(new Response('yes'));
  assert.deepEqual(await Promise.all(waiting), ['yes', 'yes', 'yes']);
  await listener.close();
});

test('the end does not wait for those who keep their connection', async () => {
  const listener = await listen(() => new Response('yes'), limits);
  const kept = await open(listener.port);
  kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(kept, 'data');
  const silent = await open(listener.port);
  const begun = performance.now();
  await listener.close();
  assert.ok(performance.now() - begun < 5000);
  await until(() => kept.closed && silent.closed);
});
