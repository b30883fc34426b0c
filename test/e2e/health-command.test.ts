import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { freePort, Ports } from './http.ts';
import { Spool } from './spool.ts';

/** What `health` says and how it ends; it must not need the spool, so it has a directory without one. */
async function healthOf(spool: Spool, flags: readonly string[], env: NodeJS.ProcessEnv = {}) {
  // A case that gives no time of its own bears a busy machine.
  const program = spool.run(['health', '-timeout', '60s', ...flags], { env });
  const exitCode = await program.exitCode();
  return { exitCode, stdout: program.stdout, stderr: program.stderr };
}

test('health is 0 and one line while the instance is well, for each of its checks', async () => {
  await using spool = new Spool();
  const port = String(await freePort());
  const flags = ['-health-port', port];
  const none = await healthOf(spool, flags);
  assert.equal(none.exitCode, 1);
  assert.equal(none.stdout, '');
  assert.match(
    none.stderr,
    /^conductor-loop: live: no, http:\/\/127\.0\.0\.1:\d+\/livez: not reachable: .*; is it started with -http, and .*\?\n$/,
  );
  const program = await spool.watch(['-http', ...flags, '-metrics-port', '0', '-instance', 'one']);
  await (await Ports.of(spool, program)).becomes('/health', 200);
  for (const [check, path] of [
    ['live', 'livez'],
    ['ready', 'readyz'],
    ['startup', 'startup'],
    ['all', 'health'],
  ] as const) {
    assert.deepEqual(await healthOf(spool, [...flags, '-check', check]), {
      exitCode: 0,
      stdout: `${check}: yes, says one at http://127.0.0.1:${port}/${path}\n`,
      stderr: '',
    });
  }
  assert.match((await healthOf(spool, flags)).stdout, /^live: yes/);
  assert.equal(await program.stop(), 0);
  assert.equal((await healthOf(spool, flags)).exitCode, 1);
});

test('what is not ready is said with its reason, and is live all the same', async () => {
  await using spool = new Spool();
  const porch = spool.path('porch');
  spool.install(porch);
  const port = String(await freePort());
  const flags = ['-health-port', port];
  const program = await spool.watch(['-http', ...flags, '-metrics-port', '0', '-porch', porch]);
  spool.uninstall(porch);
  await (await Ports.of(spool, program)).becomes('/readyz', 503);
  const { exitCode, stderr } = await healthOf(spool, [...flags, '--check=ready']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^conductor-loop: ready: no, says \S+ at http:\S+: porch: .*\n$/);
  assert.equal((await healthOf(spool, flags)).exitCode, 0);
});

test('the port is found where the main command finds it: environment and file', async () => {
  await using spool = new Spool();
  const port = await freePort();
  const file = spool.path('c.json');
  writeFileSync(file, JSON.stringify({ health_port: port, http: true, metrics_port: 0 }));
  const program = await spool.watch(['-config', file]);
  await (await Ports.of(spool, program)).becomes('/health', 200);
  assert.equal((await healthOf(spool, ['-config', file])).exitCode, 0);
  for (const env of [{ CONDUCTOR_CONFIG: file }, { CONDUCTOR_HEALTH_PORT: String(port) }]) {
    assert.equal((await healthOf(spool, [], env)).exitCode, 0);
  }
});

test('it waits no longer than it is told to, and other programs are not taken for ours', async () => {
  await using spool = new Spool();
  let isSilent = true;
  const server = createServer((_request, response) => {
    if (!isSilent) response.end('ok');
  }).listen(0, '127.0.0.1');
  const port = await spool.until(() => {
    const address = server.address();
    return typeof address === 'object' && address ? String(address.port) : null;
  }, 'the port');
  try {
    const slow = await healthOf(spool, ['-health-port', port, '-timeout', '150ms']);
    assert.equal(slow.exitCode, 1);
    assert.match(slow.stderr, /no answer within 150ms/);
    isSilent = false;
    const other = await healthOf(spool, ['-health-port', port]);
    assert.equal(other.exitCode, 1);
    assert.match(other.stderr, /HTTP 200\) is not conductor-loop/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('mistakes in its command line are said in one line each', async () => {
  await using spool = new Spool();
  for (const [flags, pattern] of [
    [['-check', 'alive'], /flag --check: "alive" is not allowed: expected live, ready/],
    [['-timeout', '5'], /flag --timeout: "5" is not allowed: a duration needs a unit/],
    [['-health-port', '0'], /health_port is 0, .*name it with -health-port/],
    [['-handoff', 'x'], /unknown flag -handoff/],
    [['now'], /unexpected argument "now"; health takes flags only/],
  ] as const) {
    const { exitCode, stdout, stderr } = await healthOf(spool, flags);
    assert.equal(exitCode, 1);
    assert.equal(stdout, '');
    assert.match(stderr, pattern);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
});
