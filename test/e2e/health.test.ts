import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { anyPorts, connected, exchange, failed, freePort, Ports } from './http.ts';
import { Spool } from './spool.ts';

/** A program with open ports that has started altogether. */
async function watched(flags: readonly string[] = []) {
  const spool = new Spool();
  const program = await spool.watch([...anyPorts, ...flags]);
  const ports = await Ports.of(spool, program);
  await ports.becomes('/readyz', 200);
  return { spool, program, ports };
}

const all = ['/healthz', '/livez', '/readyz', '/ready', '/startup', '/health'];

test('every path of the health port says what was checked, and how that went', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  const names = new Map<string, string[]>();
  for (const path of all) {
    await ports.becomes(path, 200);
    const { checks, status } = await ports.look(path);
    assert.equal(status, 'pass', path);
    assert.ok(checks.every((check) => check.message !== '' && check.duration_ms >= 0));
    names.set(
      path,
      checks.map(({ name }) => name),
    );
  }
  const live = ['main_loop', 'workers'];
  const ready = ['lifecycle', 'handoff', 'porch', 'state', 'queue'];
  assert.deepEqual(names.get('/healthz'), live);
  assert.deepEqual(names.get('/livez'), live);
  assert.deepEqual(names.get('/readyz'), ready);
  assert.deepEqual(names.get('/ready'), ready);
  assert.deepEqual(names.get('/startup'), ['startup']);
  assert.deepEqual(names.get('/health'), [...live, 'startup', ...ready]);
});

test('answers are for nobody to keep, frame, run or guess at', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  for (const [path, code] of [
    ['/livez', 200],
    ['/nothing', 404],
  ] as const) {
    const { headers, status } = await ports.ask(path);
    assert.equal(status, code);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(headers.get('x-powered-by'), null);
    assert.equal(headers.get('server'), null);
  }
});

test('only GET and HEAD are answered, and only the paths that there are', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await ports.ask('/readyz', { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
  }
  const head = await ports.ask('/livez', { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  for (const target of [
    '/',
    '/metrics',
    '/livez/',
    '//livez',
    '/LIVEZ',
    '/livez%00',
    '/livez/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/livez;x=1',
    '/livez\\..\\x',
    '/%zz',
  ]) {
    const close = 'Host: x\r\nConnection: close\r\n\r\n';
    const answer = await exchange(ports.health, `GET ${target} HTTP/1.1\r\n${close}`);
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, target);
  }
});

test('what stops intents stops readiness, with the check that says why, and only until it is over', async () => {
  const porch = new Spool();
  await using _ = porch;
  const path = porch.path('porch');
  porch.install(path);
  const { spool, ports } = await watched(['-porch', path, '-period', '100ms']);
  await using __ = spool;
  await ports.becomes('/readyz', 200);
  porch.uninstall(path);
  const without = await ports.becomes('/readyz', 503);
  assert.deepEqual(failed(without), ['porch']);
  assert.match(without.checks.find(({ name }) => name === 'porch')?.message ?? '', /ENOENT/);
  porch.install(path);
  await ports.becomes('/readyz', 200);

  renameSync(spool.handoff, spool.path('away'));
  const away = await ports.becomes('/ready', 503);
  assert.ok(failed(away).includes('handoff'), failed(away).join());
  assert.equal((await ports.look('/livez')).code, 200);
  renameSync(spool.path('away'), spool.handoff);
  await ports.becomes('/ready', 200);
});

test('a porch that is there and cannot be started is not ready', async () => {
  const porch = new Spool();
  await using _ = porch;
  const path = porch.path('porch');
  porch.install(path);
  const { spool, ports } = await watched(['-porch', path]);
  await using __ = spool;
  writeFileSync(`${path}.new`, '#!/does/not/exist\n', { mode: 0o755 });
  renameSync(`${path}.new`, path);
  spool.drop('intent-a.json', intentFor(''));
  const held = await ports.becomes('/readyz', 503);
  assert.deepEqual(failed(held), ['porch']);
  const { message } = held.checks.find(({ name }) => name === 'porch') ?? {};
  assert.match(message ?? '', /^the queue is held for .*: could not run porch for intent-a\.json$/);
  assert.equal((await ports.samples()).get('conductor_errors_total{code="E006"}'), 1);
  porch.install(path);
  await spool.filed('intent-a.json');
  await ports.becomes('/readyz', 200);
});

test('a handoff directory that takes the place of the first is looked at from then on', async () => {
  const { spool, program, ports } = await watched(['-period', '100ms']);
  await using _ = spool;
  renameSync(spool.handoff, spool.path('away'));
  mkdirSync(spool.handoff);
  await spool.until(() => program.logged(/^watching /).length === 2, 'watching the other one');
  await ports.becomes('/readyz', 200);
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  assert.equal((await ports.samples()).get('conductor_state_entries_total'), 1);
});

test('a full queue is not ready for more', async () => {
  const { spool, ports } = await watched(['-max-workers', '1', '-queue-size', '2']);
  await using _ = spool;
  spool.drop('intent-1.json', intentFor('wait-for=go'));
  await spool.begun('intent-1.json');
  for (const n of [2, 3, 4]) spool.drop(`intent-${n}.json`, intentFor(''));
  assert.deepEqual(failed(await ports.becomes('/readyz', 503)), ['queue']);
  spool.release('go');
  await ports.becomes('/readyz', 200);
});

test('from the moment that a stop begins it is not ready, and it says so to its end', async () => {
  const { spool, program, ports } = await watched(['-max-workers', '1']);
  await using _ = spool;
  spool.drop('intent-1.json', intentFor('wait-for=go'));
  await spool.begun('intent-1.json');
  await ports.becomes('/readyz', 200);
  program.signal('SIGTERM');
  await spool.until(() => program.logged(/^stopping/).length > 0, 'the stop');
  const stopping = await ports.look('/readyz');
  assert.equal(stopping.code, 503);
  assert.ok(failed(stopping).includes('lifecycle'));
  assert.equal((await ports.look('/livez')).code, 200);
  assert.equal((await ports.look('/startup')).code, 200);
  spool.release('go');
  assert.equal(await program.exitCode(), 0);
});

test('an open question does not keep the program from ending', async () => {
  const { spool, program, ports } = await watched();
  await using _ = spool;
  const kept = await connected(ports.health);
  let answer = '';
  kept.setEncoding('latin1').on('data', (data: string) => {
    answer += data;
  });
  kept.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await spool.until(() => answer.startsWith('HTTP/1.1 200 '), 'the answer');
  const silent = await connected(ports.metrics);
  assert.equal(await program.stop(), 0);
  await spool.until(() => kept.closed && silent.closed, 'the connections to be closed');
});

test('with -once the ports are open until the work is done', async () => {
  await using spool = new Spool();
  spool.drop('intent-1.json', intentFor('wait-for=go'));
  const program = spool.start(['--once', ...anyPorts]);
  const ports = await Ports.of(spool, program);
  await spool.begun('intent-1.json');
  await ports.becomes('/startup', 200);
  spool.release('go');
  assert.equal(await program.exitCode(), 0);
});

test('one port serves both where both settings name it', async () => {
  await using spool = new Spool();
  const port = String(await freePort());
  const program = await spool.watch(['-http', '-health-port', port, '-metrics-port', port]);
  const ports = await Ports.of(spool, program);
  assert.deepEqual([ports.health, ports.metrics], [Number(port), Number(port)]);
  assert.equal((await ports.ask('/livez')).status, 200);
  assert.ok((await ports.samples()).has('conductor_queue_size'));
});

test('a port that is taken stops the start: the message names it, and what chooses another', async () => {
  await using spool = new Spool();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const taken = typeof address === 'object' ? String(address?.port) : '';
  for (const [setting, flags] of [
    ['metrics-port', ['-health-port', '0', '-metrics-port', taken]],
    ['health-port', ['-health-port', taken, '-metrics-port', '0']],
  ] as const) {
    const program = spool.start(['-http', ...flags]);
    assert.equal(await program.exitCode(), 1);
    const [line = '', ...rest] = program.stderr.trimEnd().split('\n');
    assert.deepEqual(rest, [], program.stderr);
    assert.match(line, new RegExp(`port ${taken} on 127.0.0.1 .*EADDRINUSE.*-${setting} `));
    assert.deepEqual(spool.list(), [], 'nothing was begun');
  }
  other.close();
});

test('in Kubernetes the ports open by themselves, for everybody, and with metrics_enabled as well', async () => {
  await using spool = new Spool();
  const ports = ['-health-port', '0', '-metrics-port', '0'];
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  const inside = await spool.watch(ports, { env });
  assert.match(inside.logged(/^health on /)[0]?.message ?? '', /^health on 0\.0\.0\.0 port/);
  assert.equal((await (await Ports.of(spool, inside)).look('/livez')).code, 200);
  assert.equal(await inside.stop(), 0);
  const enabled = await spool.watch([...ports, '-metrics-enabled']);
  assert.match(enabled.logged(/^health on /)[0]?.message ?? '', /^health on 127\.0\.0\.1 port/);
  assert.equal(await enabled.stop(), 0);
  const against = await spool.watch([...ports, '-http=false'], { env });
  assert.deepEqual(against.logged(/^health on /), []);
});
