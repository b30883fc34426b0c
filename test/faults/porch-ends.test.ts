/** What porch ends with: each end has one outcome. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { misbehaving } from './porch.ts';

const onceOnly = ['-retry-max-attempts', '1'];
const mayPass = new Set([3, 4, 5, 75, 124]);

function errorCode(exitCode: number): string {
  if (exitCode === 126) return 'E008';
  return exitCode === 127 ? 'E006' : 'E013';
}

const exitByName = `echo $name >>$told; code=\${name#intent-}; exit \${code%.json}`;

misbehaving('every exit code has one outcome', exitByName, async (setting) => {
  const { spool, flags } = setting;
  const codes = Array.from({ length: 256 }, (_, code) => code);
  for (const code of codes) setting.drop(String(code));
  const program = await spool.watch([...flags, ...onceOnly, '-max-workers', '4']);
  const last = () => codes.every((code) => spool.status(`intent-${code}.json`) !== null);
  await spool.until(last, 'all outcomes', 300_000);
  assert.equal(await program.stop(), 0);
  assert.equal(setting.told.length, codes.length);
  for (const code of codes) {
    const name = `intent-${code}.json`;
    const status = spool.status(name);
    assert.equal(status?.status, code === 0 ? 'success' : 'failed', name);
    assert.equal(status?.attempts, 1);
    assert.ok(existsSync(spool.path('handoff', code === 0 ? 'processed' : 'failed', name)));
    if (code === 0) continue;
    assert.equal(status?.error_details?.error_code, errorCode(code), name);
    assert.equal(status?.error_details?.porch_exit_code, code);
  }
  const alerts = program.log.filter(({ level }) => level === 'error');
  const alerted = alerts.map((line) => line.intent_file).sort();
  assert.deepEqual(alerted, ['intent-126.json', 'intent-127.json']);
});

misbehaving('what may pass is tried again, and nothing else is', exitByName, async (setting) => {
  const { spool, flags } = setting;
  const codes = [0, 1, 2, 3, 4, 5, 6, 64, 74, 75, 76, 77, 123, 124, 125, 126, 127, 128, 137, 255];
  for (const code of codes) setting.drop(String(code));
  await spool.once([...flags, '-retry-max-attempts', '2', '-max-workers', '4']);
  for (const code of codes) {
    const name = `intent-${code}.json`;
    const runs = setting.told.filter((line) => line === name).length;
    assert.equal(runs, mayPass.has(code) ? 2 : 1, name);
    assert.equal(spool.status(name)?.attempts, runs, name);
  }
});

const { SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, SIGSTOP } =
  constants.signals;
/** By default these do nothing; nor does a stop by the terminal in a session that has none. */
const harmless = new Set([SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH]);

const signalByName = `echo $name >>$told; ulimit -c 0
signal=\${name#intent-}; kill -\${signal%.json} $$; exit 0`;

misbehaving('every signal has one outcome', signalByName, async (setting) => {
  const { spool, flags } = setting;
  const signals = Array.from({ length: 31 }, (_, index) => index + 1);
  for (const signal of signals) {
    // SIGTERM waits until a stopped process goes on: only SIGKILL ends one.
    setting.drop(String(signal), signal === SIGSTOP ? { timeout: '300ms' } : {});
  }
  const { exitCode } = await spool.once([...flags, ...onceOnly, '-max-workers', '4']);
  assert.equal(exitCode, 8);
  assert.equal(setting.told.length, signals.length);
  for (const signal of signals) {
    const status = spool.status(`intent-${signal}.json`);
    const details = status?.error_details;
    if (harmless.has(signal)) {
      assert.equal(status?.status, 'success', String(signal));
      continue;
    }
    assert.equal(status?.status, signal === SIGSTOP ? 'timeout' : 'failed', String(signal));
    assert.equal(details?.error_code, signal === SIGSTOP ? 'E007' : 'E013');
    if (signal === SIGSTOP) continue;
    const [said] = /SIG[A-Z0-9]+/.exec(details?.error_message ?? '') ?? [];
    const named = Object.entries(constants.signals).find(([name]) => name === said);
    assert.equal(named?.[1], signal, details?.error_message);
  }
});

misbehaving('death by a signal is tried again', signalByName, async (setting) => {
  for (const signal of [1, 9, 11, 15]) setting.drop(String(signal));
  await setting.spool.once([...setting.flags, '-retry-max-attempts', '3', '-max-workers', '4']);
  assert.equal(setting.told.length, 12);
  assert.equal(setting.spool.status('intent-9.json')?.attempts, 3);
});

misbehaving(
  'a porch that kills the program is not run for ever',
  'echo $name >>$told; [ $name = intent-good.json ] || kill -KILL $PPID',
  async (setting) => {
    const { spool, flags } = setting;
    const killed = 128 + constants.signals.SIGKILL;
    const bad = setting.drop('bad');
    for (let life = 0; life < 5; life++) assert.equal((await spool.once(flags)).exitCode, killed);
    const good = setting.drop('good');
    assert.equal((await spool.once(flags)).exitCode, 8);
    assert.equal(spool.status(bad)?.error_details?.error_code, 'E012');
    assert.equal(spool.status(good)?.status, 'success');
    assert.deepEqual(setting.told, [bad, bad, bad, bad, bad, good]);
  },
);
