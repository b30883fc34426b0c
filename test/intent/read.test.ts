import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkFile, readIntent } from '../../src/intent/read.ts';
import { intentText, limits } from './helpers.ts';

const directory = fs.mkdtempSync(join(os.tmpdir(), 'read-test-'));
after(() => fs.rmSync(directory, { recursive: true }));

let files = 0;
function put(content: string | Buffer = intentText()): string {
  const path = join(directory, `intent-${++files}.json`);
  fs.writeFileSync(path, content);
  return path;
}

function refuse(path: string | Buffer) {
  const result = checkFile(path, limits);
  assert.equal(result.kind, 'refused', JSON.stringify(result));
  return result;
}

describe('checkFile', () => {
  it('says what a wrong value looks like an attempt at, whichever of several it is', () => {
    const { refusal } = refuse(put(intentText({ intent_type: 'x', target: 'a;reboot' })));
    assert.equal(refusal.suspicion, 'command_injection');
    assert.equal(refuse(put(intentText({ replicas: -1 }))).refusal.suspicion, undefined);
  });

  it('gives what the program needs to know of a good intent', () => {
    const text = intentText({ priority: 'high', timeout: '45s' });
    const path = put(text);
    const stats = fs.statSync(path, { bigint: true });
    assert.deepEqual(checkFile(path, limits), {
      kind: 'accepted',
      intent: {
        identity: {
          ino: String(stats.ino),
          size: Buffer.byteLength(text),
          mtimeNs: String(stats.mtimeNs),
        },
        sha256: createHash('sha256').update(text).digest('hex'),
        namespace: 'oran-sim',
        target: 'cnf-simulator',
        priority: 8,
        timeoutMs: 45_000,
        correlationId: 'scale-2024-001',
      },
    });
    assert.equal(checkFile(Buffer.from(path), limits).kind, 'accepted');
  });

  it('gives of a bad one why, what it was and when it changed', () => {
    const text = intentText({ replicas: 'three', reason: 5 });
    const path = put(text);
    fs.utimesSync(path, 1000, 1000.5);
    const { refusal, identity, sha256, correlationId, changedMs } = refuse(path);
    assert.equal(refusal.code, 'E003');
    assert.match(refusal.message, /found "three" \(and 1 more\)$/);
    assert.equal(identity?.mtimeNs, '1000500000000');
    assert.equal(sha256, createHash('sha256').update(text).digest('hex'));
    assert.equal(correlationId, 'scale-2024-001');
    assert.equal(changedMs, 1_000_500);
  });

  it('says that a file is gone, and that the file system fails', () => {
    assert.deepEqual(checkFile(join(directory, 'nope.json'), limits), { kind: 'gone' });
    const below = checkFile(join(put(), 'x.json'), limits);
    assert.equal(below.kind === 'unavailable' && below.errno, 'ENOTDIR');
    const long = checkFile(join(directory, 'x'.repeat(300)), limits);
    assert.equal(long.kind === 'unavailable' && long.errno, 'ENAMETOOLONG');
    if (process.platform === 'linux') {
      // A regular file of size 0 whose reading fails.
      const broken = checkFile('/proc/self/mem', limits);
      assert.equal(broken.kind === 'unavailable' && broken.errno, 'EIO');
    }
  });

  it('reads up to the limit and nothing above it', () => {
    const path = put(intentText().padEnd(1000));
    assert.equal(checkFile(path, { ...limits, maxFileSize: 1000 }).kind, 'accepted');
    const result = checkFile(path, { ...limits, maxFileSize: 999 });
    assert.ok(result.kind === 'refused' && result.sha256 === null);
    const huge = put();
    fs.truncateSync(huge, 11 * 1024 * 1024);
    const { refusal, sha256 } = refuse(huge);
    assert.deepEqual([refusal.code, sha256], ['E002', null]);
    assert.match(refusal.message, /11534336 bytes, more than 10MB/);
    // Would fill the memory if anything read it.
    fs.truncateSync(huge, 2 ** 40);
    assert.equal(refuse(huge).refusal.code, 'E002');
  });

  it('refuses an empty file, which may still be written', () => {
    const { refusal, sha256 } = refuse(put(''));
    assert.deepEqual([refusal.code, refusal.mayPass], ['E001', true]);
    assert.equal(sha256, createHash('sha256').digest('hex'));
  });

  it('has nothing to say twice: readIntent gives the value and every refusal', () => {
    const good = readIntent(put(), limits);
    assert.ok(good.kind === 'accepted' && good.value.intent_type === 'scaling');
    const bad = readIntent(put(intentText({ replicas: -1, priority: -1 })), limits);
    assert.ok(bad.kind === 'refused' && bad.refusals.length === 2 && bad.count === 2);
  });
});

/** Makes something that is no regular file at a path. */
const strangers: [kind: string, make: (path: string) => void | Promise<() => void>][] = [
  ['a link', (path) => fs.symlinkSync(put(), path)],
  ['a link', (path) => fs.symlinkSync('nowhere', path)],
  ['a directory', (path) => void fs.mkdirSync(path)],
  ['a FIFO', (path) => void spawnSync('mkfifo', [path])],
  [
    'a socket',
    (path) =>
      new Promise((resolve) => {
        const server = createServer();
        server.listen(path, () => resolve(() => server.close()));
      }),
  ],
];

describe('checkFile does not open', () => {
  for (const [index, [kind, make]] of strangers.entries()) {
    it(`${kind} (${index})`, async () => {
      const path = join(directory, `intent-odd-${index}.json`);
      const close = await make(path);
      const result = checkFile(path, limits);
      // Closed first: a server that stays open would keep a failed test from ending.
      close?.();
      assert.ok(result.kind === 'refused' && result.sha256 === null, JSON.stringify(result));
      assert.deepEqual([result.refusal.code, result.refusal.mayPass], ['E014', false]);
      assert.match(result.refusal.message, new RegExp(`^${kind} is no intent`));
      assert.notEqual(result.identity, null);
    });
  }

  it('a device', () => assert.match(refuse('/dev/null').refusal.message, /^a device/));

  it('a file with a second name, which may be on its way out', () => {
    const path = put('password: hunter2');
    fs.utimesSync(path, 1000, 1000);
    fs.linkSync(path, `${path}.other`);
    const { refusal, sha256, changedMs } = refuse(path);
    assert.deepEqual([refusal.code, refusal.mayPass, sha256], ['E014', true, null]);
    assert.equal(changedMs, Math.floor(fs.statSync(path).ctimeMs));
    fs.unlinkSync(`${path}.other`);
    assert.equal(refuse(path).refusal.code, 'E001');
  });

  it('a file that we may not read', () => {
    const path = put();
    fs.chmodSync(path, 0o200);
    fs.chmodSync(directory, 0o755);
    // Root may read everything, so a child looks that becomes an ordinary user before.
    const module = new URL('../../src/intent/read.ts', import.meta.url).href;
    const code = `import { checkFile } from ${JSON.stringify(module)};
      if (process.geteuid() === 0) { process.setgid(65534); process.setuid(65534); }
      console.log(JSON.stringify(checkFile(process.argv[1], ${JSON.stringify(limits)})));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code, path]);
    const result = JSON.parse(child.stdout.toString());
    const { uid } = fs.statSync(path);
    assert.equal(result.refusal.code, 'E016', child.stderr.toString());
    assert.match(
      result.refusal.message,
      new RegExp(`owner uid ${uid}, gid \\d+, mode 0200; we run`),
    );
    assert.deepEqual([result.sha256, result.refusal.mayPass], [null, true]);
  });
});
