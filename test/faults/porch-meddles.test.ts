/** What porch does to its intent and to our directories: one outcome each, and the program goes on. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { misbehaving } from './porch.ts';

const ways = [
  ['removed', 'rm "$intent"'],
  ['truncated', ': >"$intent"'],
  ['rewritten', 'echo "{}" >"$intent"'],
  ['replaced', 'echo "{}" >"$intent.new"; mv "$intent.new" "$intent"'],
  ['grown', 'head -c 20000000 /dev/zero >>"$intent"'],
  ['link', 'ln -sf "$out/precious" "$intent"'],
  ['directory', 'rm "$intent"; mkdir -p "$intent/a"; echo b >"$intent/a/b"'],
  ['fifo', 'rm "$intent"; mkfifo "$intent"'],
  ['locked', 'chmod 0 "$intent"'],
] as const;

const meddling = `echo $name >>$told
case $name in
${ways.map(([way, command]) => `intent-${way}*) ${command} ;;`).join('\n')}
esac
case $name in *-fails.json) exit 1 ;; esac`;

misbehaving('whatever becomes of its intent, a run has one outcome', meddling, async (setting) => {
  const { spool, flags } = setting;
  const precious = spool.path('out', 'precious');
  writeFileSync(precious, 'precious', { mode: 0o640 });
  for (const [way] of ways) {
    setting.drop(way);
    setting.drop(`${way}-fails`);
  }
  assert.equal((await spool.once([...flags, '-max-workers', '3'])).exitCode, 8);
  for (const [way] of ways) {
    for (const [name, outcome] of [
      [`intent-${way}.json`, 'success'],
      [`intent-${way}-fails.json`, 'failed'],
    ] as const) {
      const status = spool.status(name);
      assert.equal(status?.status, outcome, name);
      // A mode is no content: size and time are what they were.
      assert.equal(status?.changed_during_run === true, way !== 'locked', name);
      const filed = lstatSync(spool.path('handoff', status.moved_to), { throwIfNoEntry: false });
      assert.equal(filed === undefined, way === 'removed', name);
    }
  }
  assert.deepEqual(spool.claimed, []);
  assert.equal(readFileSync(precious, 'utf8'), 'precious');
  assert.equal(lstatSync(precious).mode & 0o777, 0o640);
  // Nothing of it is run again, whatever stands in its place now.
  assert.equal((await spool.once(flags)).exitCode, 0);
  assert.equal(setting.told.length, 2 * ways.length);
});

for (const [way, command] of [
  ['removed', 'rm -rf "$claims"'],
  ['renamed', 'mv "$claims" "$claims.away"'],
  ['locked for a while', 'chmod 0 "$claims"; sleep 1; chmod 700 "$claims"'],
] as const) {
  misbehaving(
    `the directory of claims is ${way}`,
    `echo $name >>$told; [ $name = intent-good.json ] || { ${command}; }`,
    async (setting) => {
      const { spool, flags } = setting;
      // No look at the directories comes to help.
      const program = await spool.watch([...flags, '-period', '1h']);
      const bad = setting.drop('bad');
      await spool.until(() => spool.status(bad)?.status === 'success', 'the outcome');
      const good = setting.drop('good');
      await spool.filed(good);
      assert.equal(await program.stop(), 0);
      // What was only renamed is found by the next start, and filed without another run.
      await spool.once(flags);
      assert.deepEqual(setting.told, [bad, good]);
      assert.equal(existsSync(spool.path('handoff', 'processed', bad)), way !== 'removed');
      assert.deepEqual(spool.claimed, []);
    },
    { unprivileged: true },
  );
}

misbehaving(
  'a porch that removes the leases of all instances ends this one, and no intent but its own',
  'echo $name >>$told; [ $name = intent-good.json ] || rm -rf "$claims/../../.inflight"',
  async (setting) => {
    const { spool, flags } = setting;
    const program = await spool.watch(flags);
    const bad = setting.drop('bad');
    assert.equal(await program.exitCode(), 2);
    const good = setting.drop('good');
    assert.equal((await spool.once(flags)).exitCode, 0);
    assert.deepEqual(setting.told, [bad, good]);
    assert.equal(spool.status(good)?.status, 'success');
  },
);

misbehaving(
  'directories that became links or may not be entered hold the queue until they are mended',
  `echo $name >>$told
  case $name in
    intent-link.json)
      mv "$claims" "$out/away"
      # A look in between makes it again.
      until ln -sT "$out/away" "$claims"; do rmdir "$claims"; done ;;
    intent-processed.json | intent-failed.json | intent-status.json)
      directory=\${name#intent-}; chmod 0 "$claims/../../\${directory%.json}" ;;
  esac
  [ $name != intent-failed.json ]`,
  async (setting) => {
    const { spool, flags } = setting;
    const program = await spool.watch([...flags, '-period', '200ms']);
    const holds = () => program.logged(/^the queue is held/).length;
    const isHeldAfter = (before: number) => holds() > before || null;
    const goesOn = () => program.logged(/^the queue goes on/).length === holds() || null;
    for (const name of ['processed', 'failed', 'status'] as const) {
      const before = holds();
      const intent = setting.drop(name);
      await spool.until(() => isHeldAfter(before), 'the hold');
      const waiting = setting.drop(`after-${name}`);
      assert.equal(
        spool.status(intent) !== null && existsSync(spool.path('handoff', name, intent)),
        false,
      );
      chmodSync(spool.path('handoff', name), 0o755);
      await spool.filed(intent, name === 'failed' ? 'failed' : 'success');
      await spool.filed(waiting);
      await spool.until(goesOn, 'the end of the hold');
    }
    const before = holds();
    setting.drop('link');
    await spool.until(() => isHeldAfter(before), 'the hold');
    assert.match(program.logged(/^the queue is held/).at(-1)?.message ?? '', /is a symbolic link/);
    const waiting = setting.drop('last');
    const [instance = ''] = readdirSync(spool.path('handoff', '.inflight')).filter((name) => {
      return lstatSync(spool.path('handoff', '.inflight', name)).isSymbolicLink();
    });
    unlinkSync(spool.path('handoff', '.inflight', instance));
    await spool.filed(waiting);
    assert.equal(setting.told.length, 8);
    assert.equal(await program.stop(), 0);
  },
  { unprivileged: true },
);

misbehaving(
  'a porch that removes the output directory fails nobody else',
  'echo $name >>"$HOME/told"; [ $name = intent-good.json ] || rm -rf "$out"',
  async (setting) => {
    const { spool, flags } = setting;
    const program = await spool.watch(flags, { env: { HOME: spool.dir } });
    for (const name of ['bad', 'good']) await spool.filed(setting.drop(name));
    assert.equal(readFileSync(spool.path('told'), 'utf8'), 'intent-bad.json\nintent-good.json\n');
    assert.equal(await program.stop(), 0);
  },
);
