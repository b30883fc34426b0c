import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { forbidden } from '../faults/skip.ts';
import { asset, isRoot, script, Tree } from './tree.ts';

const program = 'usr/local/bin/conductor-loop';
const config = 'etc/conductor-loop/config.json';
const handoff = 'var/lib/conductor-loop/handoff';

function succeeded({ status, stdout, stderr }: ReturnType<Tree['install']>): string {
  assert.equal(status, 0, stderr);
  return stdout;
}

test('shellcheck finds nothing in the script', () => {
  const result = spawnSync('shellcheck', [script], { encoding: 'utf8' });
  if (result.error) forbidden('shellcheck of install.sh', 'shellcheck is not installed');
  else assert.equal(result.stdout, '');
});

test('a dry run says what it would do and does nothing', () => {
  using tree = new Tree();
  const before = tree.snapshot();
  const said = succeeded(tree.install(['--dry-run']));
  assert.match(said, /^\+ chmod 3770 .*\/var\/lib\/conductor-loop\/handoff$/m);
  assert.deepEqual(tree.snapshot(), before);
  succeeded(tree.install([]));
  const installed = tree.snapshot();
  for (const args of [['--upgrade'], ['--uninstall'], ['--uninstall', '--purge']]) {
    assert.match(succeeded(tree.install([...args, '--dry-run'])), /^\+ rm -/m);
    assert.deepEqual(tree.snapshot(), installed);
  }
});

test('it installs everything, with the right owners and modes, and twice is as once', () => {
  using tree = new Tree();
  tree.publishSource();
  succeeded(tree.install([]));
  const us = isRoot ? 'root' : `${process.getuid?.()}`;
  const owner = isRoot ? 'conductor-loop' : us;
  const group = isRoot ? 'conductor-loop' : `${process.getgid?.()}`;
  assert.equal(tree.owned('var/lib/conductor-loop'), `750 ${owner} ${group}`);
  assert.equal(tree.owned(handoff), `3770 ${owner} ${group}`);
  assert.equal(tree.owned('var/lib/conductor-loop/out'), `750 ${owner} ${group}`);
  assert.equal(tree.owned('etc/conductor-loop'), `750 ${us} ${group}`);
  assert.equal(tree.owned(config), `640 ${us} ${group}`);
  assert.match(tree.owned(program), /^755 /);
  assert.deepEqual(JSON.parse(tree.read(config)), {
    handoff: `/${handoff}`,
    out: '/var/lib/conductor-loop/out',
    porch: 'builtin',
  });
  for (const unit of ['conductor-loop.service', 'conductor-loop@.service']) {
    assert.match(tree.owned(`etc/systemd/system/${unit}`), /^644 /);
  }
  assert.match(tree.read('usr/local/share/bash-completion/completions/conductor-loop'), /complete/);
  assert.match(tree.read('usr/local/share/zsh/site-functions/_conductor-loop'), /^#compdef/);
  assert.match(tree.read('usr/local/share/fish/vendor_completions.d/conductor-loop.fish'), /-c/);
  assert.match(tree.read('usr/local/share/man/man1/conductor-loop.1'), /^\.TH/);
  tree.write(config, '{"porch": "builtin"}\n');
  const once = tree.snapshot();
  chmodSync(tree.path(config), 0o600);
  succeeded(tree.install([]));
  assert.deepEqual(tree.snapshot(), once);
});

test('the porch of the system becomes the configured one', () => {
  using tree = new Tree();
  spawnSync('install', ['-D', '-m', '755', '/bin/true', tree.path('usr/bin/porch')]);
  assert.doesNotMatch(succeeded(tree.install([])), /no porch/);
  assert.equal(JSON.parse(tree.read(config)).porch, '/usr/bin/porch');
});

test('an upgrade replaces the program and keeps the configuration', () => {
  using tree = new Tree();
  const early = tree.install(['--upgrade']);
  assert.match(early.stderr, /conductor-loop is not there: install it first/);
  succeeded(tree.install([]));
  tree.write(config, '{"porch": "builtin"}\n');
  tree.publish('second');
  const without = tree.install([]);
  assert.equal(without.status, 1);
  assert.match(without.stderr, /another build is installed .*: replace it with --upgrade/);
  assert.match(tree.read(program), /first/);
  succeeded(tree.install(['--upgrade']));
  assert.match(tree.read(program), /second/);
  assert.equal(tree.read(config), '{"porch": "builtin"}\n');
  assert.ok(!tree.has(`${program}.new`) && !tree.has(`${program}.old`));
});

test('an upgrade that does not come to its end puts back program and units', () => {
  using tree = new Tree();
  succeeded(tree.install([]));
  tree.write('etc/systemd/system/conductor-loop.service', '# the old unit\n');
  const before = tree.snapshot();
  // The second as when the connection of whoever runs it is lost.
  for (const then of ['exit 3', 'kill -HUP $(cut -d " " -f 4 /proc/$PPID/stat)']) {
    tree.publish('second', `case $1 in completion) ${then} ;; esac`);
    const { status, stderr } = tree.install(['--upgrade']);
    assert.equal(status, 1);
    assert.match(stderr, /not upgraded: .*; the old one is back/);
    assert.deepEqual(tree.snapshot(), before);
  }
});

test('what cannot run here is found before anything is replaced', () => {
  using tree = new Tree();
  succeeded(tree.install([]));
  const before = tree.snapshot();
  const text = '#!/bin/sh\nexit 1\n';
  writeFileSync(join(tree.release, asset), text);
  const [sum] = spawnSync('sha256sum', { input: text, encoding: 'utf8' }).stdout.split(' ');
  writeFileSync(join(tree.release, 'checksums.txt'), `${sum}  ${asset}\n`);
  const { status, stderr } = tree.install(['--upgrade']);
  assert.equal(status, 1);
  assert.match(stderr, /the binary does not run here; nothing was changed/);
  assert.deepEqual(tree.snapshot(), before);
});

test('removing it leaves configuration and spool, and purging leaves nothing', () => {
  using tree = new Tree();
  const empty = Object.keys(tree.snapshot());
  succeeded(tree.install([]));
  tree.write(`${handoff}/intent-a.json`, '{}');
  succeeded(tree.install(['--uninstall']));
  assert.ok(!tree.has(program) && !tree.has('etc/systemd/system/conductor-loop.service'));
  assert.ok(tree.has(config) && tree.has(`${handoff}/intent-a.json`));
  assert.equal(tree.read('etc/passwd').includes('conductor-loop'), isRoot);
  // Of conductor-loop@cells, and something of whoever owns this machine.
  tree.write('etc/conductor-loop/cells.json', '{}');
  mkdirSync(tree.path('var/lib/conductor-loop-cells'));
  mkdirSync(tree.path('etc/systemd/system/conductor-loop@.service.d'));
  for (const mine of ['mine', 'config']) mkdirSync(tree.path(`var/lib/conductor-loop-${mine}`));
  succeeded(tree.install(['--uninstall', '--purge']));
  for (const mine of ['mine', 'config']) {
    rmSync(tree.path(`var/lib/conductor-loop-${mine}`), { recursive: true });
  }
  for (const file of ['passwd', 'group']) {
    assert.doesNotMatch(tree.read(`etc/${file}`), /conductor-loop/);
  }
  const left = Object.keys(tree.snapshot()).filter((name) => /conductor/.test(name));
  assert.deepEqual(
    left,
    empty.filter((name) => /conductor/.test(name)),
  );
});

test('a download that is not what was published is refused', () => {
  using tree = new Tree();
  const before = tree.snapshot();
  const refused = (pattern: RegExp) => {
    const { status, stderr } = tree.install([]);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
    assert.deepEqual(tree.snapshot(), before);
  };
  writeFileSync(join(tree.release, asset), '#!/bin/sh\necho evil\n');
  refused(/is damaged or not the published one: its SHA-256 is [0-9a-f]{64}, checksums.txt says/);
  writeFileSync(join(tree.release, 'checksums.txt'), `${'0'.repeat(64)}  another\n`);
  refused(/checksums.txt of .* has no line for conductor-loop-linux-/);
  rmSync(join(tree.release, 'checksums.txt'));
  refused(/there is no checksums.txt in .*: make it with npm run package/);
});

test('it installs from a URL', async () => {
  using tree = new Tree();
  const server = createServer(({ url = '' }, response) => {
    const name = [asset, 'checksums.txt'].find((one) => url === `/v1/${one}`);
    if (name === undefined) response.writeHead(404).end();
    else response.end(readFileSync(join(tree.release, name)));
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  try {
    const base = `http://127.0.0.1:${address.port}`;
    const missing = await tree.installFrom(`${base}/v2`);
    assert.match(missing.stderr, /cannot fetch http:.*\/v2\/checksums\.txt/);
    assert.ok(!tree.has(program));
    const { code, stderr } = await tree.installFrom(`${base}/v1/`);
    assert.equal(code, 0, stderr);
    assert.match(tree.read(program), /first/);
  } finally {
    server.close();
  }
});

test('a machine that it is not made for is told what to use', () => {
  using tree = new Tree();
  const before = tree.snapshot();
  const cases: [string, string, RegExp][] = [
    ['uname', '[ "$1" = -s ] && echo Darwin', /this is Darwin, .*put the binary of your system/],
    ['uname', '[ "$1" = -s ] && echo Linux || echo riscv64', /no binary for riscv64.*Node\.js 26/],
    ['getconf', 'exit 1', /needs glibc, and this system has none \(Alpine has musl\): use/],
  ];
  for (const [command, shellScript, pattern] of cases) {
    const directory = tree.pretend(command, shellScript);
    const { status, stderr } = tree.install([], { before: directory });
    assert.equal(status, 1);
    assert.match(stderr, pattern);
    assert.deepEqual(tree.snapshot(), before);
    rmSync(join(directory, command));
  }
});

test('mistakes in its command line, and a script without its units, are said', () => {
  using tree = new Tree();
  for (const [args, pattern] of [
    [['--unisntall'], /unknown argument --unisntall; --help/],
    [['--purge'], /--purge goes with --uninstall only/],
    [['--from'], /--from needs a value/],
  ] as const) {
    const { status, stderr } = tree.install(args);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
  }
  assert.match(tree.install([], { lone: true }).stderr, /conductor-loop\.service is not there; it/);
  assert.match(succeeded(tree.install(['--help'])), /^usage: sh install\.sh/);
});

test('a link in the place of a directory is not followed', () => {
  using tree = new Tree();
  succeeded(tree.install([]));
  rmSync(tree.path(handoff), { recursive: true });
  // A directory of the test's own: whatever breaks this rule changes modes and owners there.
  const elsewhere = tree.path('/elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
  symlinkSync(elsewhere, tree.path(handoff));
  const { status, stderr } = tree.install([]);
  assert.equal(status, 1);
  assert.equal(statSync(elsewhere).mode & 0o7777, 0o700);
  assert.match(stderr, /handoff is a symbolic link; move it away/);
});
