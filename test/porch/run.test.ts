import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { NativePorch } from '../../src/porch/native/run.ts';
import { NativeSpawner } from '../../src/porch/native/spawner.ts';
import type { PorchResult } from '../../src/porch/types.ts';
import { readPorchLog } from '../tools/porch.ts';
import { until } from '../tools/until.ts';
import { isAlive, lineOf, makeSetting, writeScript } from './setting.ts';
import { lowestFreeDescriptor, spawners } from './spawners.ts';

const noNative = spawners.length === 1 && 'no native spawner on this system';

for (const { name, runPorch } of spawners) {
  test(`${name}: a run gives exit code, output and duration, and passes exactly the arguments`, async () => {
    using setting = makeSetting();
    const porch = writeScript(setting, 'porch', '#!/bin/sh\nprintf "<%s>" "$@"; echo late >&2\n');
    for (const mode of ['direct', 'structured'] as const) {
      const request = setting.request('', { porch, mode });
      const result = await runPorch(request).result;
      const last = mode === 'structured' ? '<-structured>' : '';
      assert.equal(
        result.stdout,
        `<-intent><${request.intentPath}><-out><${setting.outDir}>${last}`,
      );
      assert.equal(result.stderr.trim(), 'late');
      assert.ok(result.durationMs > 0);
      assert.deepEqual(
        { ...result, stdout: '', stderr: '', durationMs: 0 },
        {
          exitCode: 0,
          signal: null,
          startError: null,
          timedOut: false,
          cancelled: false,
          replaced: false,
          stdout: '',
          stderr: '',
          durationMs: 0,
        },
      );
    }
  });

  test(`${name}: no shell sees the arguments, and names of options are only names`, async () => {
    using setting = makeSetting();
    const porch = writeScript(setting, 'porch $(id) ; x', '#!/bin/sh\nprintf "%s\\n" "$2" "$4"\n');
    const intentPath = '/tmp/intent-$(touch hurt);`id`|\'"&.json';
    const outDir = join(setting.dir, '-n $HOME');
    const result = await runPorch(setting.request('', { porch, intentPath, outDir })).result;
    assert.equal(result.exitCode, 0);
    assert.deepEqual(result.stdout.trimEnd().split('\n'), [intentPath, outDir]);
  });

  test(`${name}: porch has its own group and session, standard input at its end, and our directory`, async () => {
    using setting = makeSetting();
    const porch = writeScript(
      setting,
      'porch',
      '#!/bin/sh\nif read -r line; then echo "read $line"; else echo end; fi\npwd\necho $$; cat /proc/$$/stat\n',
    );
    const result = await runPorch(setting.request('', { porch })).result;
    const [input, directory, pid, stat = ''] = result.stdout.split('\n');
    assert.equal(input, 'end');
    assert.equal(directory, process.cwd());
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    assert.deepEqual([group, session], [pid, pid]);
  });

  test(`${name}: real exit codes arrive as they are`, async () => {
    using setting = makeSetting();
    for (const code of [0, 1, 2, 3, 75, 124, 126, 127, 128, 137, 255]) {
      const { exitCode, signal } = await runPorch(setting.request(`exit=${code}`)).result;
      assert.deepEqual({ exitCode, signal }, { exitCode: code, signal: null });
    }
  });

  test(`${name}: a failure of a porch that was replaced or removed meanwhile is told from others`, async () => {
    using setting = makeSetting();
    const changes = ['echo "#!/bin/sh" >"$0.new"; mv "$0.new" "$0"', 'rm "$0"', ':'];
    for (const [index, change] of changes.entries()) {
      const porch = writeScript(setting, `porch-${index}`, `#!/bin/sh\n${change}; exit 2\n`);
      const { exitCode, replaced } = await runPorch(setting.request('', { porch })).result;
      assert.deepEqual({ exitCode, replaced }, { exitCode: 2, replaced: change !== ':' });
    }
    const porch = writeScript(setting, 'porch', '#!/bin/sh\nrm "$0"\n');
    const { exitCode, replaced } = await runPorch(setting.request('', { porch })).result;
    assert.deepEqual({ exitCode, replaced }, { exitCode: 0, replaced: false });
  });

  test(`${name}: a death by signal is that signal and never an exit code`, async () => {
    using setting = makeSetting();
    const names = ['HUP', 'INT', 'QUIT', 'ILL', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV'];
    names.push('USR2', 'PIPE', 'ALRM', 'TERM', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'SYS', 'TRAP');
    for (const name of names) {
      const result = await runPorch(setting.request(`signal=${name}`)).result;
      assert.equal(result.signal, `SIG${name}`);
      assert.equal(result.exitCode, null);
      assert.equal(result.timedOut || result.cancelled, false);
    }
    assert.equal(readPorchLog(setting.outDir).filter((line) => line.event === 'end').length, 0);
  });

  test(`${name}: the time limit ends the whole group by SIGTERM`, async () => {
    using setting = makeSetting();
    const request = setting.request('fork-stay say=early sleep=60', { timeoutMs: 1500 });
    const result = await runPorch(request, { killAfterMs: 60_000 }).result;
    assert.equal(result.timedOut, true);
    assert.equal(result.signal, 'SIGTERM');
    assert.ok(result.durationMs > 1490 && result.durationMs < 30_000);
    const stay = Number(lineOf(join(setting.outDir, 'intent-a.json.stay')));
    assert.ok(stay > 0);
    await until(() => !isAlive(stay));
  });

  test(`${name}: who ignores SIGTERM gets SIGKILL`, async () => {
    using setting = makeSetting();
    const request = setting.request('ignore-term say=deaf sleep=60', { timeoutMs: 1500 });
    const result = await runPorch(request, { killAfterMs: 200 }).result;
    assert.equal(result.timedOut, true);
    assert.equal(result.signal, 'SIGKILL');
    assert.equal(result.stderr.trim(), 'deaf');
    assert.ok(result.durationMs > 1690);
  });

  test(`${name}: a process that not even SIGKILL ends does not hang us`, async () => {
    using setting = makeSetting();
    const request = setting.request('sleep=60', { timeoutMs: 100 });
    const sent: string[] = [];
    let group = 0;
    const signalGroup = (leader: number, signal: string) => {
      group = leader;
      sent.push(signal);
    };
    const result = await runPorch(request, { killAfterMs: 100, signalGroup }).result;
    try {
      assert.equal(result.timedOut, true);
      assert.equal(result.signal, 'SIGKILL');
      assert.deepEqual(sent.slice(0, 2), ['SIGTERM', 'SIGKILL']);
      assert.equal(isAlive(group), true);
    } finally {
      process.kill(-group, 'SIGKILL');
    }
  });

  test(`${name}: what porch leaves in its group is ended, whether it holds the pipes or not`, async () => {
    using setting = makeSetting();
    for (const directives of ['say=kept fork-stay', 'say=kept close fork-stay']) {
      const result = await runPorch(setting.request(directives)).result;
      assert.equal(result.exitCode, 0);
      assert.equal(result.stderr.trim(), 'kept');
      const stay = Number(lineOf(join(setting.outDir, 'intent-a.json.stay')));
      assert.ok(stay > 0);
      await until(() => !isAlive(stay));
    }
  });

  test(`${name}: a member of the group may write its last words after porch has ended`, async () => {
    using setting = makeSetting();
    const porch = writeScript(setting, 'porch', '#!/bin/sh\n{ sleep 0.02; echo last; } &\n');
    const run = runPorch(setting.request('', { porch }), { graceMs: 60_000 });
    const result = await run.result;
    assert.equal(result.stdout.trim(), 'last');
  });

  test(`${name}: a process outside of the group that holds the pipes does not hold up the result`, async () => {
    using setting = makeSetting();
    const result = await runPorch(setting.request('say=kept fork-setsid')).result;
    const stray = Number(lineOf(join(setting.outDir, 'intent-a.json.setsid')));
    try {
      assert.equal(result.exitCode, 0);
      assert.equal(result.stderr.trim(), 'kept');
      assert.ok(result.durationMs < 30_000);
      assert.equal(isAlive(stray), true);
    } finally {
      process.kill(stray, 'SIGKILL');
    }
  });

  test(`${name}: porch is waited for after it closed its output`, async () => {
    using setting = makeSetting();
    const run = runPorch(setting.request('close wait-for=go exit=4'));
    let ended = false;
    run.result.then(() => {
      ended = true;
    });
    await until(() => readPorchLog(setting.outDir).length === 1);
    assert.equal(ended, false);
    writeFileSync(join(setting.outDir, 'go'), '');
    assert.equal((await run.result).exitCode, 4);
  });

  test(`${name}: a flood of 50 MB is read to its end and kept in 64 KiB`, async () => {
    using setting = makeSetting();
    const size = 50 * 1024 * 1024;
    const result = await runPorch(setting.request(`flood=${size}`)).result;
    assert.equal(result.exitCode, 0);
    assert.ok(result.stdout.length < 64 * 1024 + 50);
    const written = size + 'direct: intent-a.json\n'.length;
    assert.ok(result.stdout.includes(`\n… ${written - 64 * 1024} bytes left out …\n`));
    assert.ok(result.stdout.trimEnd().endsWith('xdirect: intent-a.json'));
  });

  test(`${name}: cancel ends the run and says so, with SIGTERM and with SIGKILL`, async () => {
    using setting = makeSetting();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const request = setting.request('sleep=60');
      const run = runPorch(request);
      await until(() => readPorchLog(setting.outDir).some((line) => line.runId === request.runId));
      run.cancel(signal);
      const result = await run.result;
      assert.equal(result.cancelled, true);
      assert.equal(result.timedOut, false);
      assert.equal(result.signal, signal);
      run.cancel('SIGKILL');
    }
  });

  test(`${name}: cancel with SIGKILL follows where SIGTERM was ignored`, async () => {
    using setting = makeSetting();
    const run = runPorch(setting.request('ignore-term fork-stay wait-for=never'));
    const stay = await until(() => lineOf(join(setting.outDir, 'intent-a.json.stay')));
    run.cancel('SIGTERM');
    run.cancel('SIGKILL');
    const result = await run.result;
    assert.equal(result.cancelled, true);
    assert.equal(result.signal, 'SIGKILL');
    await until(() => !isAlive(Number(stay)));
  });

  test(`${name}: start errors carry their errno and fail nothing else`, async () => {
    using setting = makeSetting();
    const writeBinary = (name: string, change: (binary: Buffer) => Buffer) => {
      const path = join(setting.dir, name);
      writeFileSync(path, change(readFileSync('/bin/true')), { mode: 0o755 });
      return path;
    };
    const busy = writeBinary('busy', (binary) => binary);
    const cases: [string, string][] = [
      ['ENOENT', join(setting.dir, 'missing')],
      ['ENOENT', writeScript(setting, 'lost', '#!/no/such/interpreter\n')],
      ['EACCES', writeScript(setting, 'plain', '#!/bin/sh\n', 0o644)],
      ['EACCES', setting.dir],
      ['ENOEXEC', writeScript(setting, 'empty', '')],
      ['ENOEXEC', writeScript(setting, 'text', 'exit 0\n')],
      ['ENOEXEC', writeScript(setting, 'broken', '\x7fELF\0\0\0\0 and nothing')],
      ['ENOEXEC', writeBinary('short', (binary) => binary.subarray(0, binary.length / 2))],
      ['ENOEXEC', writeBinary('foreign', (binary) => binary.fill(8, 18, 19))],
      ['ETXTBSY', busy],
    ];
    const writer = openSync(busy, 'r+');
    try {
      for (const [errno, porch] of cases) {
        const result = await runPorch(setting.request('', { porch })).result;
        assert.equal(result.startError?.errno, errno, porch);
        assert.ok(result.startError?.message.startsWith(`${porch} cannot be started: `));
        assert.deepEqual([result.exitCode, result.signal], [null, null]);
      }
    } finally {
      closeSync(writer);
    }
    const tooLong = setting.request('', { correlationId: 'x'.repeat(200_000) });
    assert.equal((await runPorch(tooLong).result).startError?.errno, 'E2BIG');
    const unspeakable = runPorch(setting.request('', { outDir: '/a\0b' }));
    assert.equal((await unspeakable.result).startError?.errno, 'UNKNOWN');
    unspeakable.cancel('SIGKILL');
  });

  test(`${name}: an executable that may not be read is started all the same`, async () => {
    using setting = makeSetting();
    const porch = join(setting.dir, 'secretive');
    writeFileSync(porch, readFileSync('/bin/true'), { mode: 0o755 });
    chmodSync(porch, 0o111);
    assert.equal((await runPorch(setting.request('', { porch })).result).exitCode, 0);
  });
}

test('the native spawner leaves no descriptor open, nor does a start that fails', {
  skip: noNative,
}, () => {
  using setting = makeSetting();
  const spawner = new NativeSpawner();
  const before = lowestFreeDescriptor();
  for (const porch of ['/bin/sh', join(setting.dir, 'missing')]) {
    for (let run = 0; run < 20; run++) {
      const run = new NativePorch(spawner, setting.request('exit=1', { porch }));
      run.wait();
      run.result();
    }
  }
  // What the tests before this one have left open may be closed by now.
  assert.ok(lowestFreeDescriptor() <= before);
});

test('porch runs from worker threads, several at a time', async () => {
  using setting = makeSetting();
  const request = setting.request('exit=7');
  const code = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(import.meta.resolve('../../src/porch/run.ts'))}).then(async (porch) => {
      for (let run = 0; run < 5; run++) {
        parentPort.postMessage(await porch.runPorch(${JSON.stringify(request)}).result);
      }
    });`;
  const codes: unknown[] = [];
  const ends = [1, 2].map(() => {
    const worker = new Worker(code, { eval: true });
    worker.on('message', (result: PorchResult) => codes.push(result.exitCode));
    return once(worker, 'exit');
  });
  await Promise.all(ends);
  assert.deepEqual(codes, Array(10).fill(7));
});
