import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forbidden } from '../faults/skip.ts';
import { intentFor } from '../tools/porch.ts';

// What docs/scripts.md shows is run as it stands there, but for its places.

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = readFileSync(fromRoot('docs/scripts.md'), 'utf8');

/** The blocks of code below a heading. */
function blocksOf(heading: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

/** A directory in the place of /srv/conductor, and the program in that of the installed one. */
class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'conductor-scripts-'));
  readonly #program = join(this.directory, 'bin/conductor-loop');

  constructor() {
    for (const name of ['bin', 'handoff', 'inbox']) mkdirSync(join(this.directory, name));
    const command = `exec '${process.execPath}' '${fromRoot('src/main.ts')}' "$@"`;
    writeFileSync(this.#program, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  list(name: string): string[] {
    const path = join(this.directory, name);
    return existsSync(path) ? readdirSync(path).filter((file) => file.startsWith('intent-')) : [];
  }

  /** Runs a text of the page as a shell does. */
  run(text: string) {
    const here = text
      .replaceAll('/srv/conductor', this.directory)
      .replaceAll('/usr/local/bin/conductor-loop', this.#program);
    const PATH = `${join(this.directory, 'bin')}:${process.env.PATH}`;
    const env = { PATH, HOME: this.directory };
    return spawnSync('/bin/sh', ['-c', here], { cwd: this.directory, env, encoding: 'utf8' });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const bad = intentFor('', { replicas: -1 });

test('the script moves in what waits, and says what failed', () => {
  using place = new Place();
  const [script = ''] = blocksOf('A script');
  const nothing = place.run(script);
  assert.deepEqual([nothing.status, nothing.stdout, nothing.stderr], [0, '', '']);
  place.write('inbox/intent-a.json', intentFor(''));
  place.write('inbox/intent-bad.json', bad);
  const some = place.run(script);
  assert.equal(some.status, 8);
  assert.match(some.stderr, /^file: {2}intent-bad\.json\nerror: E003 schema$/m);
  assert.deepEqual(place.list('inbox'), []);
  assert.deepEqual(place.list('handoff/processed'), ['intent-a.json']);
  rmSync(join(place.directory, 'out'), { recursive: true, force: true });
  place.write('out', 'no directory');
  const broken = place.run(script);
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^conductor-loop did not finish, exit code 1: see log\.json$/m);
});

test('each line for find finds what it says', () => {
  using place = new Place();
  const [, , , , ...none] = blocksOf('find');
  assert.deepEqual(none, []);
  place.write('handoff/intent-a.json', intentFor(''));
  place.write('handoff/intent-bad.json', bad);
  const lines = (blocksOf('find')[0] ?? '').split('\n').filter((line) => /^[^#]/.test(line));
  const [count = '', old = '', failed = '', processed = '', run = '', ...more] = lines;
  assert.deepEqual(more, []);
  assert.equal(place.run(count).stdout.trim(), '2');
  assert.equal(place.run(old).stdout, '');
  const before = Date.now() / 1000 - 3600;
  utimesSync(join(place.directory, 'handoff/intent-a.json'), before, before);
  assert.equal(place.run(old).stdout, 'handoff/intent-a.json\n');
  assert.equal(place.run(run).status, 8);
  assert.match(
    place.run(failed).stdout,
    /^handoff\/failed\/intent-bad\.json\.error\.log:error: E003/,
  );
  assert.equal(place.run(processed).stdout, 'handoff/processed/intent-a.json\n');
  assert.equal(place.run(run).status, 1, 'nothing is there, and nothing is started');
});

test('the line for cron is silent unless there is something to say', () => {
  using place = new Place();
  const [line = ''] = blocksOf('cron');
  const [, command = ''] = /^(?:\S+ ){5}(.*)$/m.exec(line) ?? [];
  assert.doesNotMatch(command, /%/, 'which means a new line to cron');
  place.write('handoff/intent-a.json', intentFor(''));
  const good = place.run(command);
  assert.deepEqual([good.status, good.stdout, good.stderr], [0, '', '']);
  place.write('handoff/intent-bad.json', bad);
  const said = place.run(command);
  assert.match(said.stdout, /^conductor-loop: exit code 8, see \S+\/log\.json\n$/);
  for (const text of readFileSync(join(place.directory, 'log.json'), 'utf8').trim().split('\n')) {
    assert.equal(JSON.parse(text).service, 'conductor-loop');
  }
});

test('systemd understands the timer and its service', (t) => {
  using place = new Place();
  const [service = '', timer = ''] = blocksOf('systemd timers');
  place.write('conductor-loop-once.service', service);
  place.write('conductor-loop-once.timer', timer);
  const units = ['conductor-loop-once.service', 'conductor-loop-once.timer'];
  const args = ['verify', '--man=no', ...units.map((name) => join(place.directory, name))];
  const result = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  if (result.error) return forbidden(t.name, 'systemd-analyze is not installed');
  // The program is not installed on this machine.
  const said = result.stderr.split('\n').filter((line) => !/is not executable|^$/.test(line));
  assert.deepEqual(said, []);
  const installed = readFileSync(fromRoot('conductor-loop.service'), 'utf8');
  for (const line of service
    .split('\n')
    .filter((one) => /^(User|Group|State|Work|Kill|TimeoutSt)/.test(one))) {
    assert.ok(installed.includes(`\n${line}\n`), `${line} is another in conductor-loop.service`);
  }
});
