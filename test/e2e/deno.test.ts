import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../porch/setting.ts';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { freePort } from './http.ts';
import { Spool } from './spool.ts';

// The lines of docs/install.md are run as they stand there: this is about their permissions.

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const section = /^## Under Deno$(.*)/ms.exec(
  readFileSync(fromRoot('docs/install.md'), 'utf8'),
)?.[1];
const documented = [...(section ?? '').matchAll(/^```\n(.*?)^```$/gms)].map(
  ([, block = '']) => block,
);
const [task = '', narrow = '', withProgram = ''] = documented;

/** A checkout of its own, with a spool in it as the lines expect it. */
function checkout(spool: Spool): string {
  const directory = spool.path('checkout');
  for (const name of ['src', 'package.json', 'deno.jsonc']) {
    cpSync(fromRoot(name), join(directory, name), { recursive: true });
  }
  symlinkSync(fromRoot('node_modules'), join(directory, 'node_modules'));
  mkdirSync(join(directory, 'handoff'));
  mkdirSync(join(directory, 'out'));
  return directory;
}

function drop(directory: string, name: string, text: string): void {
  writeFileSync(join(directory, 'handoff', name), text);
}

/** Runs a line in a shell, with more arguments at its end. */
async function shell(cwd: string, line: string, ...args: string[]) {
  const PATH = [fromRoot('node_modules/.bin'), process.env.PATH].join(delimiter);
  const child = spawn('sh', ['-c', `${line.trim()} "$@"`, 'sh', ...args], {
    cwd,
    env: { PATH, HOME: cwd, DENO_DIR: join(cwd, 'deno') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

if (underTest === 'deno') {
  test('the task has the documented permissions, and they are enough', async () => {
    await using spool = new Spool();
    const directory = checkout(spool);
    drop(directory, 'intent-a.json', intentFor(''));
    const { code, stderr } = await shell(directory, task, '-once', '-log-format', 'json');
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /NotCapable|"level":"warn"/);
    assert.ok(existsSync(join(directory, 'handoff/processed/intent-a.json')));
    const inTask = /"start": "\$\(which deno\) (.*)"/.exec(
      readFileSync(fromRoot('deno.jsonc'), 'utf8'),
    )?.[1];
    assert.equal(narrow.trim(), `deno ${inTask} -porch builtin`);
  });

  test('the narrowest permissions are enough for the embedded porch, and none is idle', async () => {
    await using spool = new Spool();
    const directory = checkout(spool);
    drop(directory, 'intent-a.json', intentFor(''));
    const { code, stderr } = await shell(directory, narrow, '-once');
    assert.equal(code, 0, stderr);
    const [, permissions = ''] = /--no-prompt (.*) src\/main\.ts/.exec(narrow) ?? [];
    const parts = permissions.split(' ').flatMap((flag) => {
      const [name = '', list] = flag.split('=');
      const items = list?.split(',') ?? [];
      if (items.length < 2) return [[flag, '']];
      return items.map((item) => [flag, `${name}=${items.filter((one) => one !== item)}`]);
    });
    assert.equal(parts.length, 4 + 2 + 1 + 4);
    for (const [whole = '', less = ''] of parts) {
      drop(directory, 'intent-b.json', intentFor(''));
      const fewer = narrow.replace(whole, less);
      const without = await shell(directory, fewer, '-once', '-hold-timeout', '1s');
      assert.equal(without.code, 1, `${less}: ${without.stderr}`);
      assert.match(without.stderr, /Requires \w+ access|does not exist|add --allow-env/);
      assert.doesNotMatch(without.stderr, /^ +at /m);
    }
  });

  test('a porch that is a program is run and ended with its permissions, and the ports are open', async () => {
    await using spool = new Spool();
    const directory = checkout(spool);
    const porch = spool.path('porch');
    spool.install(porch);
    const [health, metrics] = [await freePort(), await freePort()];
    const line = withProgram
      .replaceAll('/usr/local/bin/porch', porch)
      .replace(':8080', `:${health}`)
      .replace(':9090', `:${metrics}`);
    const ports = ['-health-port', String(health), '-metrics-port', String(metrics)];
    drop(directory, 'intent-a.json', intentFor(''));
    drop(
      directory,
      'intent-hangs.json',
      intentFor('fork-stay wait-for=never', { target: 'other' }),
    );
    const limits = ['-porch-timeout', '1s', '-retry-max-attempts', '1'];
    const { code, stderr } = await shell(directory, line, '-once', ...ports, ...limits);
    assert.equal(code, 8, stderr);
    assert.match(stderr, /porch did not end within 1s and was ended/);
    assert.ok(existsSync(join(directory, 'handoff/processed/intent-a.json')));
    const left = Number(readFileSync(join(directory, 'out/intent-hangs.json.stay'), 'utf8'));
    await spool.until(() => !isAlive(left), 'the end of what porch has left');
    const closed = line.replace(/--allow-net=\S+ /, '');
    const withoutPorts = await shell(directory, closed, '-once', ...ports);
    assert.equal(withoutPorts.code, 1);
    assert.match(withoutPorts.stderr, /^conductor-loop: port \d+ .*: Requires net access to .*\n$/);
    const listed = line.replace('--allow-run ', `--allow-run=${porch} `);
    const refused = await shell(directory, listed, '-once', ...ports);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^conductor-loop: porch needs --allow-run without a list/);
  });
}
