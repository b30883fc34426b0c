/** What porch leaves running, and what it does to others: nothing of it stays. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { childrenOf, misbehaving } from './porch.ts';
import { scaled } from './scale.ts';

/** Far less than porch has: it was not the time limit that ended it. */
const promptSeconds = 15;

function seconds(duration: string): number {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(duration) ?? [];
  assert.ok(number !== undefined, duration);
  return Number(number) * (unit === 'ms' ? 0.001 : 1);
}

const staying = `case $name in
  intent-group.json) $stay & ;;
  intent-deaf.json) (trap "" TERM HUP INT; exec $stay) & ;;
  intent-stopped.json) $stay & await_stay; kill -STOP $! ;;
  intent-other-group.json) setsid $stay & ;;
  intent-daemon.json) setsid sh -c "$stay <&- >&- 2>&- &" ;;
  intent-no-environment.json) env -i setsid sh -c "$stay <&- >&- 2>&- &" ;;
  intent-other-run.json) CONDUCTOR_RUN_ID=a-1 setsid sh -c "$stay <&- >&- 2>&- &" ;;
esac
await_stay`;

misbehaving('whatever stays is ended, wherever it went', staying, async (setting) => {
  const { spool } = setting;
  const program = await spool.watch([...setting.flags, '-max-workers', '3']);
  const ways = [...staying.matchAll(/intent-([a-z-]+)\.json/g)].map(([, way = '']) => way);
  assert.equal(ways.length, 7);
  for (const name of ways.map((way) => setting.drop(way))) {
    const status = await spool.filed(name);
    assert.equal(setting.stayed(name), 1, name);
    assert.ok(seconds(status.processing_duration) < promptSeconds, status.processing_duration);
  }
  await setting.allGone(program);
});

misbehaving(
  'a helper of a run under way lives as long as its run',
  `[ $name = intent-long.json ] || exit 0
  env -i setsid sh -c "$stay <&- >&- 2>&- &"
  await_stay
  until [ -e $out/go-on ]; do sleep 0.02; done
  read -r pid <$out/$name.left
  kill -0 $pid`,
  async (setting) => {
    const { spool } = setting;
    const program = await spool.watch([...setting.flags, '-max-workers', '2']);
    const long = setting.drop('long');
    await spool.until(() => setting.left.length === 1, 'the helper');
    // Each of these ends at another time, so that there is a look for strays after most of them.
    for (let i = 0; i < 5; i++) await spool.filed(setting.drop(`short-${i}`));
    spool.release('go-on');
    // In the first attempt: an end of ours would have been tried again.
    assert.equal((await spool.filed(long)).attempts, 1);
    await setting.allGone(program);
  },
);

misbehaving(
  'a porch that hangs and ignores SIGTERM has one outcome',
  'trap "" TERM HUP INT; $stay & $stay & while :; do sleep 60; done',
  async (setting) => {
    const { spool, flags } = setting;
    const program = await spool.watch([
      ...flags,
      '-porch-timeout',
      '300ms',
      '-retry-max-attempts',
      '1',
    ]);
    const name = setting.drop('a');
    const status = await spool.filed(name, 'timeout');
    assert.equal(status.error_details?.error_code, 'E007');
    assert.equal(setting.stayed(name), 2);
    await setting.allGone(program);
  },
);

misbehaving(
  'a signal to its whole group reaches its own group only',
  '[ $name = intent-bad.json ] || exit 0; $stay & await_stay; kill -KILL 0; sleep 60',
  async (setting) => {
    const { spool } = setting;
    const program = await spool.watch([...setting.flags, '-retry-max-attempts', '1']);
    const status = await spool.filed(setting.drop('bad'), 'failed');
    assert.match(status.error_details?.error_message ?? '', /SIGKILL/);
    await spool.filed(setting.drop('good'));
    await setting.allGone(program);
  },
);

misbehaving(
  'hundreds of runs leave no process, no zombie and no descriptor',
  `$stay &
  setsid $stay <&- >&- 2>&- &
  (true &)
  (setsid sh -c 'true & true &' &)
  echo $name`,
  async (setting) => {
    const { spool, flags } = setting;
    const program = await spool.watch([...flags, '-max-workers', '4']);
    const descriptors = () => readdirSync(`/proc/${program.pid}/fd`).length;
    const work = async (round: number, count: number) => {
      const names = Array.from({ length: count }, (_, i) => setting.drop(`${round}-${i}`));
      for (const name of names) await spool.filed(name);
      await setting.allGone(program);
    };
    await work(0, 20);
    const before = descriptors();
    await work(1, scaled(200, 2000));
    await spool.until(() => descriptors() <= before, `${before} open descriptors`);
    assert.deepEqual(childrenOf(program.pid), []);
  },
);
