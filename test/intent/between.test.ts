import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import { checkFile } from '../../src/intent/read.ts';
import { intentText, limits } from './helpers.ts';

const directory = fs.mkdtempSync(join(os.tmpdir(), 'between-test-'));
after(() => fs.rmSync(directory, { recursive: true }));
const path = join(directory, 'intent-a.json');
const other = join(directory, 'other');
const text = intentText({ target: 'aaa' });
const otherText = intentText({ target: 'bbb' });

beforeEach(() => {
  fs.rmSync(path, { force: true });
  fs.writeFileSync(path, text);
  fs.utimesSync(path, 1000, 1000);
});

afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

type Call = 'openSync' | 'readSync' | 'lstatSync';

/** Has `happening` happen to the real file just before a call, given how often it was made. */
function before(call: Call, happening: (times: number) => void) {
  const real = fs[call];
  let times = 0;
  const mocked = mock.method(fs, call, (...args: unknown[]) => {
    happening(++times);
    return Reflect.apply(real, fs, args);
  });
  syncBuiltinESMExports();
  return mocked.mock;
}

/** Writes over the file in place, leaving a new modification time behind whatever the clock's grain. */
function overwrite(content: string, time: number): void {
  const file = fs.openSync(path, 'r+');
  fs.writeSync(file, content, 0);
  fs.ftruncateSync(file, content.length);
  fs.closeSync(file);
  fs.utimesSync(path, time, time);
}

function once(happening: () => void): (times: number) => void {
  return (times) => {
    if (times === 1) happening();
  };
}

describe('checkFile, when between its look and its open the file', () => {
  it('becomes a link, refuses the link', () => {
    fs.writeFileSync(other, otherText);
    const swap = once(() => {
      fs.rmSync(path);
      fs.symlinkSync(other, path);
    });
    const opens = before('openSync', swap);
    const result = checkFile(path, limits);
    assert.ok(result.kind === 'refused' && result.refusal.code === 'E014', JSON.stringify(result));
    assert.equal(opens.callCount(), 1);
    const { O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    const flags = Number(opens.calls[0]?.arguments[1]);
    assert.equal(flags & (O_NOFOLLOW | O_NONBLOCK), O_NOFOLLOW | O_NONBLOCK);
  });

  it('becomes a FIFO, does not wait for a writer', () => {
    const swap = once(() => {
      fs.rmSync(path);
      spawnSync('mkfifo', [path]);
    });
    before('openSync', swap);
    const result = checkFile(path, limits);
    assert.ok(result.kind === 'refused' && result.refusal.code === 'E014', JSON.stringify(result));
  });

  it('is replaced, looks again and takes the new one', () => {
    const swap = once(() => {
      fs.writeFileSync(other, otherText);
      fs.renameSync(other, path);
    });
    const looks = before('lstatSync', () => {});
    before('openSync', swap);
    const result = checkFile(path, limits);
    assert.ok(result.kind === 'accepted' && result.intent.target === 'bbb');
    assert.equal(result.intent.identity.ino, String(fs.statSync(path, { bigint: true }).ino));
    assert.equal(looks.callCount(), 2);
  });

  it('goes away, says so', () => {
    before(
      'openSync',
      once(() => fs.rmSync(path)),
    );
    assert.deepEqual(checkFile(path, limits), { kind: 'gone' });
  });
});

describe('checkFile, when while it reads the file', () => {
  const reading = (happening: (times: number) => void) => before('readSync', happening);

  it('is written over, takes the new content with the new identity', () => {
    // The second call of readSync finds the end of what the first has read.
    reading((times) => {
      if (times === 2) overwrite(otherText, 2000);
    });
    const result = checkFile(path, limits);
    assert.ok(result.kind === 'accepted' && result.intent.target === 'bbb', JSON.stringify(result));
    assert.equal(result.intent.identity.mtimeNs, '2000000000000');
  });

  it('grows or shrinks, reads it again', () => {
    for (const reason of ['x'.repeat(400), '']) {
      const changed = intentText({ reason });
      reading(once(() => overwrite(changed, 3000 + reason.length)));
      const result = checkFile(path, limits);
      assert.ok(result.kind === 'accepted', JSON.stringify(result));
      assert.equal(result.intent.identity.size, changed.length);
      mock.restoreAll();
      syncBuiltinESMExports();
    }
  });

  it('grows past the limit, refuses it', () => {
    reading(once(() => fs.appendFileSync(path, ' '.repeat(1000))));
    const result = checkFile(path, { ...limits, maxFileSize: 500 });
    assert.ok(result.kind === 'refused' && result.refusal.code === 'E002', JSON.stringify(result));
  });

  it('changes each time, gives up for now', () => {
    reading((times) => overwrite(text, 4000 + times));
    const result = checkFile(path, limits);
    assert.ok(result.kind === 'refused', JSON.stringify(result));
    assert.deepEqual([result.refusal.code, result.refusal.mayPass], ['E001', true]);
    assert.match(result.refusal.message, /changed each of the 3 times/);
    assert.equal(result.changedMs, Math.floor(fs.statSync(path).mtimeMs));
  });
});

describe('checkFile blames no intent for', () => {
  for (const errno of ['ENOSPC', 'EIO', 'ESTALE', 'EMFILE', 'ENFILE', 'ENOMEM']) {
    for (const call of ['openSync', 'readSync', 'lstatSync'] as const) {
      it(`${errno} from ${call}`, () => {
        before(call, () => {
          throw Object.assign(new Error(`${errno}: injected`), { code: errno, syscall: call });
        });
        const message = `${errno}: injected`;
        assert.deepEqual(checkFile(path, limits), { kind: 'unavailable', errno, message });
      });
    }
  }

  it('a directory that may not be entered', () => {
    before('lstatSync', () => {
      throw Object.assign(new Error('EACCES: injected'), { code: 'EACCES', syscall: 'lstat' });
    });
    assert.equal(checkFile(path, limits).kind, 'unavailable');
  });
});
