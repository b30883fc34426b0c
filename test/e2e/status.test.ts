import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import * as z from 'zod';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

/** What `status -json` prints, docs/reference.md. */
const overview = z.strictObject({
  time: z.iso.datetime(),
  handoff: z.string(),
  ok: z.boolean(),
  instances: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(['alive', 'dead', 'silent', 'stopped']),
      host: z.string().nullable(),
      pid: z.number().nullable(),
      since: z.iso.datetime().nullable(),
      claimed: z.number(),
    }),
  ),
  health: z
    .strictObject({
      url: z.string(),
      state: z.enum(['pass', 'fail', 'unknown']),
      message: z.string(),
      checks: z.array(z.strictObject({ name: z.string(), state: z.string(), message: z.string() })),
    })
    .nullable(),
  waiting: z.strictObject({
    count: z.number(),
    oldest: z.strictObject({ name: z.string(), since: z.iso.datetime() }).nullable(),
  }),
  claimed: z.strictObject({
    count: z.number(),
    intents: z.array(
      z.strictObject({
        name: z.string(),
        instance: z.string(),
        since: z.iso.datetime().nullable(),
        attempt: z.number().nullable(),
      }),
    ),
  }),
  filed: z.strictObject({ processed: z.number(), failed: z.number() }),
  rates: z.array(
    z.strictObject({
      minutes: z.number(),
      succeeded: z.number(),
      failed: z.number(),
      skipped: z.number(),
    }),
  ),
  failures: z.array(
    z.strictObject({
      name: z.string(),
      time: z.iso.datetime(),
      code: z.string().nullable(),
      message: z.string(),
      file: z.string(),
    }),
  ),
  problems: z.array(z.string()),
});

async function statusOf(spool: Spool, flags: readonly string[] = []) {
  const program = spool.run(['status', '-json', '-handoff', spool.handoff, ...flags]);
  const exitCode = await program.exitCode();
  assert.equal(program.stderr, '');
  return { exitCode, seen: overview.parse(JSON.parse(program.stdout)) };
}

async function pageOf(spool: Spool, env: NodeJS.ProcessEnv = {}) {
  const program = spool.run(['status', '-handoff', spool.handoff], { env });
  return { exitCode: await program.exitCode(), page: program.stdout, stderr: program.stderr };
}

test('status tells what an instance does while it runs, and disturbs it in nothing', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-instance', 'one', '-max-workers', '1']);
  spool.drop('intent-bad.json', intentFor('say=hopeless exit=7'));
  await spool.filed('intent-bad.json', 'failed');
  spool.drop('intent-slow.json', intentFor('wait-for=go'));
  await spool.begun('intent-slow.json');
  spool.drop('intent-next.json', intentFor(''));
  // Short runs are claimed ahead of their turn, and this one is of the same target: it waits.
  const before = spool.list().join();
  const lease = JSON.parse(spool.read('.inflight', 'one.lease'));
  const { exitCode, seen } = await statusOf(spool);
  assert.equal(exitCode, 0);
  assert.equal(seen.ok, true);
  const [instance] = seen.instances;
  assert.equal(seen.instances.length, 1);
  assert.equal(instance?.name, 'one');
  assert.equal(instance?.state, 'alive');
  assert.equal(instance?.pid, program.pid);
  assert.equal(instance?.since, lease.since);
  assert.equal(instance?.claimed, 1);
  assert.equal(seen.waiting.count, 1);
  assert.equal(seen.waiting.oldest?.name, 'intent-next.json');
  assert.equal(seen.claimed.intents[0]?.name, 'intent-slow.json');
  assert.equal(seen.claimed.intents[0]?.attempt, 1);
  assert.deepEqual(seen.filed, { processed: 0, failed: 1 });
  assert.deepEqual(seen.rates[2], { minutes: 60, succeeded: 0, failed: 1, skipped: 0 });
  const [failure] = seen.failures;
  assert.equal(failure?.name, 'intent-bad.json');
  assert.equal(failure?.code, 'E013');
  assert.match(failure?.message ?? '', /hopeless/);
  assert.equal(seen.health, null);
  assert.equal(spool.list().join(), before);
  spool.release('go');
  await spool.filed('intent-next.json');
  assert.equal(await program.stop(), 0);
  assert.equal(program.logged(/lease|damaged/).length, 0);
});

test('status reads the spool where no instance runs, and writes nothing into it', async () => {
  await using spool = new Spool();
  spool.drop('intent-bad.json', '{');
  spool.drop('intent-good.json', intentFor(''));
  assert.equal((await spool.once(['-settle-timeout', '50ms'])).exitCode, 8);
  spool.drop('intent-late.json', intentFor(''), { mtimeMs: Date.now() - 60_000 });
  const times = () => [
    statSync(spool.handoff).mtimeMs,
    statSync(join(spool.handoff, '.inflight')).mtimeMs,
    statSync(join(spool.handoff, '.conductor-state.json')).mtimeMs,
  ];
  const before = times();
  const { exitCode, page, stderr } = await pageOf(spool);
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
  assert.match(page, /^\S+handoff {2}[\d:]+ {2}nothing is wrong\n/);
  assert.match(page, /^Instances {3}none runs$/m);
  assert.match(page, /^Waiting {5}1, the oldest dropped 1m\d*s? ago: intent-late\.json$/m);
  assert.match(page, /^Filed {7}1 in processed, 1 in failed$/m);
  assert.match(page, /^ +succeeded +1 +1 +1$/m);
  assert.match(page, /^Failures {4}[\d:]+ {2}E001 not JSON {2}intent-bad\.json$/m);
  assert.ok(!page.includes('\x1b'));
  assert.deepEqual(times(), before);
});

test('an instance that was killed is told, with what it has left, and the exit code is 2', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-instance', 'one']);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  program.signal('SIGKILL');
  await program.exitCode();
  const { exitCode, seen } = await statusOf(spool);
  assert.equal(exitCode, 2);
  assert.equal(seen.ok, false);
  assert.equal(seen.instances[0]?.state, 'dead');
  assert.equal(seen.instances[0]?.claimed, 1);
  // It is for the next start to settle that.
  assert.deepEqual(spool.claimed, ['intent-a.json']);
  assert.ok(spool.list('.inflight').includes('one.lease'));
  const { page } = await pageOf(spool);
  assert.match(page, /one {2}dead .*1 claimed files left/);
});

test('status -watch goes on, and with -json it prints a line for each look', async () => {
  await using spool = new Spool();
  const program = spool.run([
    'status',
    '--json',
    '--watch',
    '--interval',
    '100ms',
    '--handoff',
    spool.handoff,
  ]);
  const lines = () => program.stdout.split('\n').slice(0, -1);
  await spool.until(() => lines().length >= 2, 'two looks');
  spool.drop('intent-a.json', intentFor(''));
  const counted = () =>
    lines().some((line) => overview.parse(JSON.parse(line)).waiting.count === 1);
  await spool.until(counted, 'the dropped file being counted');
  assert.equal(await program.stop('SIGTERM'), 0);
});

test('status goes by the settings of the main command: environment and file', async () => {
  await using spool = new Spool();
  const file = spool.path('c.json');
  writeFileSync(file, JSON.stringify({ handoff: spool.handoff }));
  for (const [args, env] of [
    [['status'], { CONDUCTOR_HANDOFF: spool.handoff }],
    [['status', '-config', file], {}],
    [['status', '-handoff-dir', spool.handoff], {}],
  ] as const) {
    const program = spool.run(args, { env });
    assert.equal(await program.exitCode(), 0, program.stderr);
    assert.ok(program.stdout.startsWith(spool.handoff));
  }
});

test('what cannot be read is said in one line, and the exit code is 2', async () => {
  await using spool = new Spool({ unprivileged: true });
  const missing = spool.run(['status', '-handoff', spool.path('none')]);
  assert.equal(await missing.exitCode(), 2);
  assert.match(
    missing.stderr,
    /^conductor-loop: handoff directory .*none.*name another with -handoff\n$/,
  );
  mkdirSync(join(spool.handoff, '.inflight'), { mode: 0o000 });
  const { exitCode, page } = await pageOf(spool);
  assert.equal(exitCode, 2);
  assert.match(page, /^Problems .*\.inflight: EACCES/m);
});

test('files are counted without a look at any of them', async () => {
  await using spool = new Spool({ unprivileged: true });
  const processed = join(spool.handoff, 'processed');
  mkdirSync(processed);
  for (const n of [1, 2, 3]) writeFileSync(join(processed, `intent-${n}.json`), '');
  // Names may be read, and nothing else.
  chmodSync(processed, 0o444);
  const { exitCode, seen } = await statusOf(spool);
  assert.equal(seen.filed.processed, 3);
  assert.equal(exitCode, 0);
});

test('a damaged state is told, and nothing of it is moved', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor(''));
  assert.equal((await spool.once()).exitCode, 0);
  const path = join(spool.handoff, '.conductor-state.json');
  const sound = readFileSync(path, 'utf8');
  writeFileSync(path, sound.replace('"checksum":"', '"checksum":"0'));
  const damaged = await statusOf(spool);
  assert.equal(damaged.exitCode, 2);
  assert.match(damaged.seen.problems.join(), /damaged \(E009\)/);
  assert.ok(!spool.list().some((name) => name.includes('.damaged-')));
  rmSync(path);
  assert.equal((await statusOf(spool)).exitCode, 0);
});

test('the health port of a running instance is asked, and told where it fails or is silent', async () => {
  await using spool = new Spool();
  await spool.watch();
  let state = 'pass';
  const server = createServer((_request, response) => {
    const checks = [{ name: 'disk', state, duration_ms: 1, message: 'as the test wants' }];
    const body = {
      status: state,
      service: 'conductor-loop',
      version: '1',
      instance: 'one',
      checks,
    };
    response.writeHead(state === 'pass' ? 200 : 503).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  const flags = ['-http', '-health-port', port];
  try {
    const good = await statusOf(spool, flags);
    assert.equal(good.exitCode, 0);
    assert.equal(good.seen.health?.state, 'pass');
    state = 'fail';
    const bad = await statusOf(spool, flags);
    assert.equal(bad.exitCode, 2);
    assert.equal(bad.seen.health?.state, 'fail');
    assert.equal(bad.seen.health?.checks[0]?.name, 'disk');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  const silent = await statusOf(spool, flags);
  assert.equal(silent.exitCode, 2);
  assert.match(
    silent.seen.health?.message ?? '',
    /not reachable: ECONNREFUSED|not reachable: .*refused/,
  );
});
