import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forbidden } from '../faults/skip.ts';
import { until } from '../tools/until.ts';
import { booting, bootProblem, debianTree } from './debian.ts';
import { Machine } from './machine.ts';
import { asset } from './tree.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const handoff = '/var/lib/conductor-loop/handoff';
const config = '/etc/conductor-loop/config.json';

/** Logs its runs, takes its time, and tries what the unit forbids. */
const porch = `#!/bin/sh
echo "begin $CONDUCTOR_INTENT_FILE" >>/var/lib/conductor-loop/out/log
touch /usr/local/touched 2>/dev/null && echo "escaped" >>/var/lib/conductor-loop/out/log
case $2 in *slow*) sleep 3 ;; *) sleep 0.1 ;; esac
echo "end $CONDUCTOR_INTENT_FILE" >>/var/lib/conductor-loop/out/log
`;

/** Builds to install from: the binary where there is one (npm run package), else the source under Node. */
function releases(directory: string): void {
  const binary = join(checkout, 'dist', asset);
  const first = existsSync(binary)
    ? readFileSync(binary)
    : '#!/bin/sh\nexec /node/node /checkout/src/main.ts "$@"\n';
  release(directory, 'first', first);
  // The first one is not there any more when the second one runs.
  release(directory, 'second', `#!/bin/sh\n# second\nexec /release/first/${asset} "$@"\n`);
  const broken =
    'case $* in *-version* | *-validate-config* | completion* | man) exit 0 ;; esac\nexit 3';
  release(directory, 'broken', `#!/bin/sh\n${broken}\n`);
}

function release(directory: string, name: string, content: string | Buffer): void {
  const place = join(directory, name);
  mkdirSync(place);
  writeFileSync(join(place, asset), content, { mode: 0o755 });
  const digest = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(place, 'checksums.txt'), `${digest}  ${asset}\n`);
}

/** Drops intents for targets of their own, each in one step, as that user. */
function drop(machine: Machine, user: string, ...names: string[]): void {
  for (const name of names) {
    const intent = { intent_type: 'scaling', target: name, namespace: 'default', replicas: 1 };
    const file = `intent-${name}.json`;
    machine.sh(
      `cd ${handoff} && echo '${JSON.stringify(intent)}' >.${file} && mv .${file} ${file}`,
      user,
    );
  }
}

/** What lies in a directory of the spool, sorted. */
function intentsIn(machine: Machine, directory: string): string[] {
  return machine
    .sh(`find ${handoff}/${directory} -maxdepth 1 -name 'intent-*.json' -printf '%f\\n' | sort`)
    .split('\n')
    .filter((line) => line !== '');
}

function property(machine: Machine, name: string): string {
  return machine.sh(`systemctl show --value --property=${name} conductor-loop`).trim();
}

const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const fileNames = (names: readonly string[]) => names.map((name) => `intent-${name}.json`).sort();

/** The error where this machine cannot make or boot such a system. */
async function boot(releases: string): Promise<Machine | Error> {
  try {
    return await Machine.boot(debianTree(booting), {
      '/checkout': checkout,
      '/release': releases,
      '/node': dirname(process.execPath),
    });
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

test('the service, installed on a running systemd', { timeout: 340_000 }, async (t) => {
  const problem = bootProblem();
  if (problem !== null) return forbidden(t.name, problem);
  const directory = mkdtempSync(join(tmpdir(), 'conductor-booted-'));
  chmodSync(directory, 0o755);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  releases(directory);
  const booted = await boot(directory);
  if (booted instanceof Error) return forbidden(t.name, booted.message);
  await using machine = booted;
  const install = (args: string) => machine.sh(`sh /checkout/install.sh ${args}`);
  machine.sh(`cat >/usr/bin/porch <<'END'\n${porch}END\nchmod 755 /usr/bin/porch`);

  await t.test('installs, starts, and says when it is ready', async () => {
    install('--from /release/first');
    assert.equal(machine.sh('systemctl is-enabled conductor-loop').trim(), 'enabled');
    assert.equal(property(machine, 'ActiveState'), 'inactive');
    machine.sh('systemctl start conductor-loop');
    assert.equal(property(machine, 'ActiveState'), 'active');
    assert.match(property(machine, 'StatusText'), /^watching .*handoff: 0 open/);
    assert.equal(
      machine.sh(`stat -c '%a %U %G' ${handoff}`),
      '3770 conductor-loop conductor-loop\n',
    );
    machine.sh('useradd -G conductor-loop alice; useradd -G conductor-loop carol; useradd bob');
  });

  await t.test('takes what members of the group drop, and nobody else may', async () => {
    assert.throws(() => drop(machine, 'bob', 'foreign'), /can't cd to/);
    drop(machine, 'alice', 'one');
    await until(() => intentsIn(machine, 'processed').length === 1);
    const status = machine.sh(`cat ${handoff}/status/intent-one.json.status`, 'carol');
    assert.equal(JSON.parse(status).status, 'success');
    machine.sh(`touch ${handoff}/alices`, 'alice');
    assert.throws(() => machine.sh(`rm -f ${handoff}/alices`, 'carol'), /not permitted/);
  });

  await t.test('runs confined', () => {
    const status = machine.sh(`cat /proc/${property(machine, 'MainPID')}/status`);
    for (const line of ['NoNewPrivs:\t1', 'Seccomp:\t2', 'CapBnd:\t0000000000000000']) {
      assert.ok(status.includes(`\n${line}\n`), line);
    }
    assert.doesNotMatch(machine.sh('cat /var/lib/conductor-loop/out/log'), /escaped/);
  });

  await t.test('is started again after a kill, and nothing is lost', async () => {
    const names = numbered('kill', 30);
    drop(machine, 'alice', ...names);
    await until(() => intentsIn(machine, 'processed').length > 5);
    machine.sh('systemctl kill --kill-who=main --signal=KILL conductor-loop');
    await until(() => property(machine, 'NRestarts') === '1');
    await until(() => intentsIn(machine, 'processed').length === 31);
    assert.deepEqual(intentsIn(machine, 'processed'), fileNames([...names, 'one']));
    assert.deepEqual([intentsIn(machine, ''), intentsIn(machine, 'failed')], [[], []]);
  });

  await t.test('reads its settings again', async () => {
    machine.sh(`sed -i 's/^{/{ "max_workers": 2,/' ${config}`);
    machine.sh('systemctl reload conductor-loop');
    await until(() => machine.sh('journalctl -o cat -u conductor-loop').includes('max_workers'));
  });

  await t.test('lets runs end when it is stopped, and leaves the rest in handoff', async () => {
    const names = numbered('slow', 6);
    drop(machine, 'alice', ...names);
    await until(() => /begin .*slow/.test(machine.sh('cat /var/lib/conductor-loop/out/log')));
    machine.sh('systemctl stop conductor-loop');
    assert.equal(property(machine, 'Result'), 'success');
    const done = intentsIn(machine, 'processed').filter((name) => name.includes('slow'));
    assert.ok(done.length > 0 && done.length < names.length, `${done}`);
    assert.deepEqual([...done, ...intentsIn(machine, '')].sort(), fileNames(names));
    const log = machine.sh('cat /var/lib/conductor-loop/out/log');
    assert.equal(log.match(/^begin .*slow/gm)?.length, log.match(/^end .*slow/gm)?.length);
    machine.sh('systemctl start conductor-loop');
    await until(() => intentsIn(machine, '').length === 0);
  });

  await t.test('is upgraded with its configuration, and goes back where that fails', async () => {
    // It notices what happens beside its configuration file, and is reloading for a moment.
    const isActive = () => property(machine, 'ActiveState') === 'active';
    const before = machine.sh(`cat ${config}`);
    install('--upgrade --from /release/second');
    assert.match(machine.sh('head -2 /usr/local/bin/conductor-loop'), /# second/);
    await until(isActive);
    assert.throws(
      () => install('--upgrade --from /release/broken'),
      /the new program does not start .*; the old one is back$/m,
    );
    assert.match(machine.sh('head -2 /usr/local/bin/conductor-loop'), /# second/);
    await until(isActive);
    assert.equal(machine.sh(`cat ${config}`), before);
    machine.sh(`echo '{"max_workers": "many"}' >/etc/conductor-loop/other.json`);
    assert.throws(
      () => install('--upgrade --from /release/first'),
      /refuses .*other\.json; nothing/,
    );
    machine.sh('rm /etc/conductor-loop/other.json');
  });

  await t.test('has several spools, made as docs/install.md says', () => {
    const page = readFileSync(join(checkout, 'docs/install.md'), 'utf8');
    const commands = /named cells:\n\n```\n(.*?)```/s.exec(page)?.[1]?.replaceAll('sudo ', '');
    machine.sh(commands ?? 'false');
    assert.equal(machine.sh('systemctl is-active conductor-loop@cells').trim(), 'active');
  });

  await t.test('is removed, and purged', () => {
    install('--uninstall');
    assert.equal(machine.sh("systemctl list-unit-files --no-legend 'conductor-loop*' || true"), '');
    machine.sh(
      `test -d ${handoff} && test -f ${config} && ! test -e /usr/local/bin/conductor-loop`,
    );
    install('--uninstall --purge');
    machine.sh(`! test -e /var/lib/conductor-loop && ! test -e /etc/conductor-loop`);
    machine.sh('! getent passwd conductor-loop && ! getent group conductor-loop');
  });
});
