import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileOf, targetOf, thisHost } from '../../packaging/targets.ts';
import { forbidden } from '../faults/skip.ts';
import { isPackaged } from '../tools/packaged.ts';
import { until } from '../tools/until.ts';
import { Container } from './container.ts';
import { buildImage, containerProblem } from './image.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const USER = 65532;

const sample = (name: string) => readFileSync(fromRoot(`samples/${name}`));

function problem(): string | null {
  const missing = containerProblem();
  if (missing !== null) return missing;
  const binary = fileOf(targetOf(thisHost()));
  return isPackaged(binary)
    ? null
    : `dist/${binary} is not there or older than the source: npm run package`;
}

test('the container image, built and run', { timeout: 340_000 }, async (t) => {
  const missing = problem();
  if (missing !== null) return forbidden(t.name, missing);
  const directory = mkdtempSync(join(tmpdir(), 'conductor-container-'));
  chmodSync(directory, 0o755);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const image = buildImage(directory);
  if (typeof image === 'string') return forbidden(t.name, image);
  const { config, root } = image;

  let count = 0;
  /** A volume as it begins: what the image has there. */
  const newVolume = () => {
    const volume = join(directory, `volume-${++count}`);
    const handoff = join(volume, 'handoff');
    for (const path of [volume, handoff]) {
      mkdirSync(path);
      chownSync(path, USER, USER);
    }
    chmodSync(handoff, 0o3770);
    const drop = (name: string, content: string | Buffer) => {
      writeFileSync(join(handoff, `.${name}`), content);
      renameSync(join(handoff, `.${name}`), join(handoff, name));
    };
    return { volume, handoff, drop };
  };

  await t.test('says how it is run: not as root, with its own health check', () => {
    assert.equal(config.User, `${USER}:${USER}`);
    assert.deepEqual(config.Healthcheck.Test, ['CMD', ...config.Entrypoint, 'health']);
    assert.equal(config.StopSignal, 'SIGTERM');
    assert.deepEqual(Object.keys(config.Volumes), [config.WorkingDir]);
    const { version } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8'));
    assert.equal(config.Labels['org.opencontainers.image.version'], version);
  });

  await t.test('holds the program and what it needs, and nothing that can be changed', () => {
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
    const programs = names.filter((name) => {
      const { mode } = statSync(join(root, name));
      return statSync(join(root, name)).isFile() && (mode & 0o111) !== 0 && !/\.so/.test(name);
    });
    assert.deepEqual(programs, ['usr/local/bin/conductor-loop']);
    const open = names.filter((name) => {
      const { mode, uid } = statSync(join(root, name));
      return uid !== 0 || (mode & 0o6022) !== 0;
    });
    const spool = 'var/lib/conductor-loop';
    assert.deepEqual(open.sort(), ['tmp', spool, `${spool}/handoff`]);
    const { mode, uid, gid } = statSync(join(root, spool, 'handoff'));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o3770, USER, USER]);
    for (const name of ['conductor-loop', 'libc6', 'libstdc++6']) {
      assert.ok(readdirSync(join(root, 'usr/share/doc', name)).length > 0, name);
    }
  });

  await t.test('works off a spool with -once', async () => {
    const { volume, handoff, drop } = newVolume();
    drop('intent-good.json', sample('intent-scale-up-001.json'));
    await using first = new Container({ image, volume, args: ['-once'] });
    assert.equal(await first.exitCode(), 0, first.stderr);
    const kptfile = join(volume, 'out/oran-sim/cnf-simulator/Kptfile');
    assert.equal(statSync(kptfile).uid, USER);
    drop('intent-bad.json', sample('intent-refused-replicas.json'));
    await using second = new Container({ image, volume, args: ['-once'] });
    assert.equal(await second.exitCode(), 8, second.stderr);
    assert.ok(existsSync(join(handoff, 'failed/intent-bad.json.error.log')));
  });

  await t.test('is well while it watches, and not when it does not answer', async () => {
    const { volume } = newVolume();
    const [, ...command] = config.Healthcheck.Test;
    await using watching = new Container({ image, volume });
    await watching.says(/"message":"watching /);
    const ask = async () => {
      await using asking = new Container({ image, volume, command, network: watching });
      return { code: await asking.exitCode(), said: asking.stdout + asking.stderr };
    };
    // Three in a row are what makes a container unhealthy.
    const answers = [await ask()];
    while (answers.at(-1)?.code !== 0 && answers.length < 3) answers.push(await ask());
    const well = answers.at(-1);
    assert.equal(well?.code, 0, JSON.stringify(answers));
    assert.match(well?.said ?? '', /^live: yes, says /);
    process.kill(watching.pid(), 'SIGSTOP');
    const stopped = await ask();
    process.kill(watching.pid(), 'SIGCONT');
    assert.equal(stopped.code, 1);
    assert.match(stopped.said, /live: no, .* no answer within 5s/);
    await using elsewhere = new Container({ image, volume, command });
    assert.equal(await elsewhere.exitCode(), 1);
    assert.match(elsewhere.stderr, /^conductor-loop: live: no, .*not reachable: ECONNREFUSED/);
  });

  await t.test('ends what it has begun when it is stopped, and gives back the rest', async () => {
    const { volume, handoff, drop } = newVolume();
    const names = Array.from({ length: 1000 }, (_, number) => `intent-${number}.json`);
    // All of one target, so that they run one after the other.
    for (const name of names) drop(name, sample('intent-scale-up-001.json'));
    const intentsIn = (path: string) =>
      readdirSync(path).filter((name) => /^intent-.*\.json$/.test(name));
    const processed = join(handoff, 'processed');
    await using watching = new Container({ image, volume });
    await until(() => existsSync(processed) && intentsIn(processed).length > 10);
    assert.equal(await watching.stop('SIGTERM'), 0, watching.stderr);
    assert.match(watching.stderr, /"message":"stopping/);
    const [done, left] = [intentsIn(processed), intentsIn(handoff)];
    assert.ok(left.length > 0, 'it was stopped before the end');
    assert.deepEqual([...done, ...left].sort(), names.sort());
  });

  await t.test('says what to do where the volume is not its own', async () => {
    const { volume, handoff } = newVolume();
    for (const path of [volume, handoff]) chownSync(path, 0, 0);
    await using refused = new Container({ image, volume });
    assert.equal(await refused.exitCode(), 1);
    assert.match(refused.stderr, /handoff.*65532/s);
    assert.doesNotMatch(refused.stderr, /^ +at /m);
  });
});
