import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { mendNamespace, mendPackages, packageIdentity } from '../../src/porch/builtin/mend.ts';
import { oldPath } from '../../src/porch/builtin/names.ts';
import { writePackages } from '../../src/porch/builtin/write.ts';
import { filesIn, outDirectory } from './builtin-support.ts';

const source = (file: string) =>
  JSON.stringify(new URL(`../../src/porch/builtin/${file}`, import.meta.url).href);

/** Runs statements in a process of its own and returns what they print, as JSON. */
function inChild(statements: string, options: { uid?: number; gid?: number } = {}): unknown {
  const code = `
    import { writePackages } from ${source('write.ts')};
    import { scratchPath, oldPath } from ${source('names.ts')};
    import { packageIdentity } from ${source('mend.ts')};
    import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
    import { join } from 'node:path';
    ${statements}`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    ...options,
  });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout === '' ? null : JSON.parse(child.stdout);
}

const wanted = (dir: string, files: Record<string, string>) => ({
  dir,
  files: new Map(Object.entries(files)),
  replaces: packageIdentity(dir),
});

/** A Kptfile that says no more than `mendPackages` asks. */
const kptfile = (name: string, replicas: number) => `apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: "${name}"
  annotations:
    conductor-loop/namespace: "ns"
    conductor-loop/target: "${name}"
    conductor-loop/replicas: "${replicas}"
`;

test('a package is replaced as a whole, alone and in a batch', (context) => {
  for (const count of [1, 7]) {
    const out = outDirectory(context);
    const dirs = Array.from({ length: count }, (_, i) => join(out, `ns-${i % 3}`, `package-${i}`));
    const first = dirs.map((dir) => wanted(dir, { Kptfile: 'one', extra: 'gone soon' }));
    assert.deepEqual(
      writePackages(first),
      dirs.map(() => null),
    );
    mkdirSync(join(dirs[0] ?? '', 'sub'));
    writeFileSync(join(dirs[0] ?? '', 'sub', 'file'), 'x');
    const second = dirs.map((dir, i) => wanted(dir, { Kptfile: `two ${i}` }));
    assert.deepEqual(
      writePackages(second),
      dirs.map(() => null),
    );
    for (const [i, dir] of dirs.entries()) assert.deepEqual(filesIn(dir), { Kptfile: `two ${i}` });
    const names = readdirSync(out).flatMap((ns) => readdirSync(join(out, ns)));
    assert.deepEqual(
      names.sort(),
      dirs.map((_, i) => `package-${i}`),
    );
  }
});

test('modes are 0644 and 0755 whatever the umask', {
  skip: process.platform === 'win32',
}, (context) => {
  const out = join(outDirectory(context), 'out');
  const dir = join(out, 'ns', 'package');
  for (const umask of ['077', '000']) {
    inChild(`
      process.umask(0o${umask});
      const dir = ${JSON.stringify(dir)};
      const [failure] = writePackages([
        { dir, files: new Map([['Kptfile', 'k']]), replaces: packageIdentity(dir) },
      ]);
      if (failure) throw new Error(failure.message);`);
    for (const path of [out, join(out, 'ns'), dir]) {
      assert.equal(statSync(path).mode & 0o7777, 0o755, path);
    }
    assert.equal(statSync(join(dir, 'Kptfile')).mode & 0o7777, 0o644);
  }
});

test('links are not followed, and what they point to stays as it is', (context) => {
  const out = outDirectory(context);
  const elsewhere = join(outDirectory(context), 'elsewhere');
  mkdirSync(join(elsewhere, 'package'), { recursive: true });
  writeFileSync(join(elsewhere, 'package', 'mine'), 'mine');
  symlinkSync(elsewhere, join(out, 'linked'));
  mkdirSync(join(out, 'ns'));
  symlinkSync(join(elsewhere, 'package'), join(out, 'ns', 'package'));
  writeFileSync(join(out, 'file'), '');
  const failures = writePackages([
    wanted(join(out, 'linked', 'package'), { Kptfile: 'x' }),
    wanted(join(out, 'ns', 'package'), { Kptfile: 'x' }),
    { ...wanted(join(out, 'ns', 'other'), {}), dir: join(out, 'file', 'package') },
    wanted(join(out, 'ns', 'other'), { Kptfile: 'x' }),
  ]);
  assert.deepEqual(
    failures.map((failure) => failure?.errno ?? null),
    ['ELOOP', 'ELOOP', 'ENOTDIR', null],
  );
  assert.deepEqual(filesIn(join(elsewhere, 'package')), { mine: 'mine' });
  assert.deepEqual(readdirSync(elsewhere), ['package']);
  assert.ok(lstatSync(join(out, 'ns', 'package')).isSymbolicLink());
});

test('what changed since it was looked at is not replaced', (context) => {
  const dir = join(outDirectory(context), 'ns', 'package');
  assert.deepEqual(writePackages([wanted(dir, { Kptfile: 'first' })]), [null]);
  const seen = packageIdentity(dir);
  assert.deepEqual(writePackages([wanted(dir, { Kptfile: 'second' })]), [null]);
  for (const replaces of [seen, null]) {
    const files = new Map([['Kptfile', 'third']]);
    const [failure] = writePackages([{ dir, files, replaces }]);
    assert.equal(failure?.errno, 'ESTALE');
    assert.deepEqual(filesIn(dir), { Kptfile: 'second' });
  }
  assert.deepEqual(readdirSync(join(dir, '..')), ['package']);
});

test('a directory that we may not write in is an errno', {
  skip: process.platform === 'win32',
}, (context) => {
  const out = outDirectory(context);
  chmodSync(out, 0o555);
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const errnos = inChild(
    `const packages = ['a', 'b', 'c', 'd', 'e'].map((name) => (
       { dir: join(${JSON.stringify(out)}, 'ns', name), files: new Map([['x', '']]), replaces: null }));
     console.log(JSON.stringify(writePackages(packages).map((failure) => failure?.errno)));`,
    nobody,
  );
  assert.deepEqual(errnos, Array(5).fill('EACCES'));
  assert.deepEqual(readdirSync(out), []);
});

test('one package that fails takes no other with it', (context) => {
  const out = outDirectory(context);
  const dirs = ['a', 'b', 'c', 'd', 'e'].map((name) => join(out, 'ns', name));
  const packages = dirs.map((dir) => wanted(dir, { Kptfile: 'x' }));
  const files = new Map([['no/such/directory', '']]);
  const failures = writePackages([
    ...packages,
    { dir: join(out, 'ns', 'f'), files, replaces: null },
  ]);
  assert.deepEqual(
    failures.map((failure) => failure?.errno ?? null),
    [null, null, null, null, null, 'ENOENT'],
  );
  assert.deepEqual(readdirSync(join(out, 'ns')), ['a', 'b', 'c', 'd', 'e']);
});

test('a package that was put aside comes back, or goes where a newer one stands', (context) => {
  const out = outDirectory(context);
  const [lost, replaced] = [join(out, 'ns', 'lost'), join(out, 'ns', 'replaced')];
  const again = () => mendPackages(out);
  for (const dir of [lost, replaced]) {
    mkdirSync(oldPath(dir), { recursive: true });
    writeFileSync(join(oldPath(dir), 'Kptfile'), kptfile(dir === lost ? 'lost' : 'replaced', 1));
  }
  mkdirSync(replaced);
  writeFileSync(join(replaced, 'Kptfile'), kptfile('replaced', 2));
  assert.equal(again(), 2);
  assert.deepEqual(readdirSync(join(out, 'ns')), ['lost', 'replaced']);
  assert.deepEqual(filesIn(lost), { Kptfile: kptfile('lost', 1) });
  assert.deepEqual(filesIn(replaced), { Kptfile: kptfile('replaced', 2) });
  assert.equal(again(), 0);
});

test('the record of a package that was put aside cannot lead anywhere else', (context) => {
  const out = outDirectory(context);
  const old = oldPath(join(out, 'ns', 'package'));
  for (const name of ['../../escaped', '..', 'other', '.hidden/x']) {
    mkdirSync(old, { recursive: true });
    writeFileSync(join(old, 'Kptfile'), kptfile(name, 1));
    assert.equal(mendPackages(out), 0);
    assert.ok(existsSync(old));
  }
});

test('what a dead process began is removed; what a living one or a user has is not', (context) => {
  const out = outDirectory(context);
  const dir = join(out, 'ns', 'package');
  mkdirSync(join(out, 'ns'));
  const begin = `
    const fresh = scratchPath(${JSON.stringify(dir)}, 'new');
    mkdirSync(fresh);
    writeFileSync(join(fresh, 'Kptfile'), 'half');`;
  inChild(begin);
  mkdirSync(join(out, 'ns', '.git'));
  const elsewhere = join(out, 'ns', '.0123456789abcdef.7-00000000-00000000-0-1.new');
  mkdirSync(elsewhere);
  const counted = inChild(`
    const { mendPackages } = await import(${source('mend.ts')});
    ${begin}
    console.log(JSON.stringify(mendPackages(${JSON.stringify(out)})));`);
  assert.equal(counted, 1);
  const left = readdirSync(join(out, 'ns')).filter((name) => name !== '.git');
  assert.equal(left.length, 2, 'that of the last child, and that of another host');
  assert.equal(mendPackages(out), 1);
  assert.deepEqual(readdirSync(join(out, 'ns')).sort(), [basename(elsewhere), '.git']);
  assert.equal(mendPackages(out, Date.now() + 3_600_000), 1, 'it is an hour old now');
  assert.deepEqual(readdirSync(join(out, 'ns')), ['.git']);
});

test('mending needs no directory, and follows no link', (context) => {
  const out = outDirectory(context);
  assert.equal(mendPackages(join(out, 'missing')), 0);
  const elsewhere = outDirectory(context);
  mkdirSync(oldPath(join(elsewhere, 'package')));
  writeFileSync(join(oldPath(join(elsewhere, 'package')), 'Kptfile'), kptfile('package', 1));
  symlinkSync(elsewhere, join(out, 'ns'));
  assert.equal(mendPackages(out), 0);
  assert.equal(mendNamespace(join(out, 'ns')), 0);
  assert.ok(!existsSync(join(elsewhere, 'package')));
});

test('more than a hundred packages in one call', (context) => {
  const out = outDirectory(context);
  const dirs = Array.from({ length: 120 }, (_, i) => join(out, `ns-${i % 10}`, `package-${i}`));
  const files = {
    Kptfile: 'k',
    'kustomization.yaml': 'k',
    'scaling-patch.yaml': 'p',
    'README.md': 'r',
  };
  for (let pass = 0; pass < 2; pass += 1) {
    assert.ok(
      writePackages(dirs.map((dir) => wanted(dir, files))).every((failure) => failure === null),
    );
  }
  assert.ok(dirs.every((dir) => readdirSync(dir).length === 4));
});
