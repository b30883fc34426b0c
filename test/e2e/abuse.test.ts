import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { anyPorts, connected, exchange, Ports } from './http.ts';
import { Spool } from './spool.ts';

/** Deno's server has its own limits, which no setting changes (docs/reference.md). */
const testOnNode: typeof test | (() => void) = underTest === 'deno' ? () => {} : test;

async function watched(flags: readonly string[] = []) {
  const spool = new Spool();
  const program = await spool.watch([...anyPorts, ...flags]);
  return { spool, program, ports: await Ports.of(spool, program) };
}

const host = 'Host: x\r\n';

test('what is no HTTP is refused and the connection closed', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  for (const [what, bytes] of [
    ['nonsense', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a method that there is not', `BREW /livez HTTP/1.1\r\n${host}Connection: close\r\n\r\n`],
    ['two lengths', `GET /livez HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
    ['a space before the colon', `GET /livez HTTP/1.1\r\n${host}A : b\r\n\r\n`],
    ['a bare return in a header', `GET /livez HTTP/1.1\r\n${host}A: b\rc\r\n\r\n`],
  ] as const) {
    const answer = await exchange(ports.health, bytes);
    assert.match(answer, /^(HTTP\/1\.[01] 4\d\d |$)/, what);
  }
  assert.equal((await ports.look('/livez')).code, 200);
});

test('a request within another is not smuggled in', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  const both = 'Content-Length: 40\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n';
  const inner = `GET /health HTTP/1.1\r\n${host}\r\n`;
  const answer = await exchange(
    ports.health,
    `POST /livez HTTP/1.1\r\n${host}${both}\r\n0\r\n\r\n${inner}`,
  );
  assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, answer);
  assert.match(answer, /^HTTP\/1\.1 4/);
});

testOnNode('a body is not waited for, however long it says that it is', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  const head = `POST /livez HTTP/1.1\r\n${host}Content-Length: 99999999999\r\nConnection: close\r\n\r\n`;
  assert.match(await exchange(ports.health, `${head}x`), /^HTTP\/1\.1 405 /);
});

testOnNode('a head that is too large is refused', async () => {
  const { spool, ports } = await watched(['-http-max-header-size', '4KB']);
  await using _ = spool;
  const large = `A: ${'a'.repeat(5000)}\r\n`;
  const refused = await exchange(ports.health, `GET /livez HTTP/1.1\r\n${host}${large}\r\n`);
  assert.match(refused, /^HTTP\/1\.1 431 /);
  const long = await exchange(ports.health, `GET /${'a'.repeat(5000)} HTTP/1.1\r\n${host}\r\n`);
  assert.match(long, /^HTTP\/1\.1 431 /);
});

testOnNode('a request that does not come to its end is cut off', async () => {
  const { spool, ports } = await watched(['-http-timeout', '500ms']);
  await using _ = spool;
  const begun = performance.now();
  const [nothing, head, body] = await Promise.all([
    exchange(ports.health, ''),
    exchange(ports.health, `GET /livez HTTP/1.1\r\n${host}A: `),
    exchange(ports.health, `POST /livez HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nab`),
  ]);
  assert.match(nothing, /^(HTTP\/1\.1 408 |$)/);
  assert.match(head, /^HTTP\/1\.1 408 /);
  assert.match(body, /^HTTP\/1\.1 405 /);
  // Without a word from us Node would wait for a minute.
  assert.ok(performance.now() - begun < 30_000);
});

testOnNode('a connection that asks nothing more is closed', async () => {
  const { spool, ports } = await watched(['-http-keep-alive', '2s']);
  await using _ = spool;
  const answer = await exchange(ports.health, `GET /livez HTTP/1.1\r\n${host}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /^keep-alive: timeout=2,/im);
});

testOnNode('of many requests sent at once only so many are answered', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  const requests = `GET /metrics HTTP/1.1\r\n${host}\r\n`.repeat(2000);
  const answer = await exchange(ports.metrics, requests);
  // What was sent too much makes the system drop answers that are on their way.
  assert.ok((answer.match(/HTTP\/1\.1 200 /g) ?? []).length <= 100);
  assert.equal((await ports.look('/livez')).code, 200);
});

testOnNode('thousands of idle connections keep neither questions nor intents waiting', async () => {
  const { spool, ports } = await watched(['-http-max-connections', '50']);
  await using _ = spool;
  const idle: Socket[] = [];
  for (let n = 0; n < 100; n++) {
    idle.push(...(await Promise.all(Array.from({ length: 100 }, () => connected(ports.health)))));
  }
  await spool.until(
    () => idle.filter((socket) => !socket.closed).length <= 50,
    'the oldest ones being closed',
  );
  assert.equal((await ports.look('/livez')).code, 200);
  assert.ok(((await ports.samples()).get('process_open_fds') ?? 0) < 200);
  for (let n = 0; n < 20; n++) spool.drop(`intent-${n}.json`, intentFor('', { target: `t${n}` }));
  for (let n = 0; n < 20; n++) await spool.filed(`intent-${n}.json`);
  assert.equal((await ports.look('/readyz')).code, 200);
  for (const socket of idle) socket.destroy();
});

test('a flood of questions is answered from few checks, and intents go on', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  const sockets = await Promise.all(Array.from({ length: 20 }, () => connected(ports.health)));
  const flood = `GET /readyz HTTP/1.1\r\n${host}\r\n`.repeat(50);
  for (const socket of sockets) socket.resume().write(flood);
  for (let n = 0; n < 20; n++) spool.drop(`intent-${n}.json`, intentFor('', { target: `t${n}` }));
  for (let n = 0; n < 20; n++) await spool.filed(`intent-${n}.json`);
  assert.equal((await ports.look('/readyz')).code, 200);
  for (const socket of sockets) {
    socket.destroy();
    if (!socket.closed) await once(socket, 'close');
  }
});
