/**
 * Kills the program at a chosen point, from outside of its code: loaded before it (`--import`, in
 * Deno `--preload`), this wraps what the program calls. `KILL_AT=POINT:N` kills it when the point is
 * reached for the N-th time:
 *   claim    after a file was renamed into .inflight/
 *   record   after a sync of a journal that then holds the outcomes of N intents
 *   status   after a status was renamed into place
 *   move     after a file was renamed into processed/, before anybody knows
 */
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const [point = '', count = '1'] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);

function reached(): void {
  left--;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

/** A rename without replacement goes through the C library, by way of node:ffi. */
function wrapRenameat2(matches: RegExp): void {
  const ffi = process.getBuiltinModule('node:ffi');
  const { dlopen } = ffi;
  ffi.dlopen = (path, definitions) => {
    const opened = dlopen(path, definitions);
    const { renameat2 } = opened.functions;
    if (renameat2 === undefined) return opened;
    const wrapped = new Proxy(renameat2, {
      apply(call, self, args) {
        const result: unknown = Reflect.apply(call, self, args);
        if (result === 0 && matches.test(String(args[3]))) reached();
        return result;
      },
    });
    return { ...opened, functions: { ...opened.functions, renameat2: wrapped } };
  };
}

function wrapRename(matches: RegExp): void {
  const { renameSync } = fs;
  fs.renameSync = (from, to) => {
    renameSync(from, to);
    if (matches.test(String(to))) reached();
  };
  syncBuiltinESMExports();
}

/** Journals are synced through file handles, whose prototype only a handle leads to. */
async function wrapDatasync(): Promise<void> {
  const handle = await open(process.execPath, 'r');
  const prototype: { datasync(): Promise<void> } = Object.getPrototypeOf(handle);
  await handle.close();
  const { datasync } = prototype;
  prototype.datasync = async function synced(this: typeof handle) {
    await datasync.call(this);
    const { size } = await this.stat();
    const { buffer } = await this.read(Buffer.alloc(size), 0, size, 0);
    if (buffer.toString().split('"t":"outcome"').length > Number(count)) {
      process.kill(process.pid, 'SIGKILL');
    }
  };
}

if (point === 'claim') wrapRenameat2(/\/\.inflight\/[^/]+\/intent-[^/]*\.json\0?$/);
if (point === 'move') wrapRenameat2(/\/processed\/intent-[^/]*\.json\0?$/);
if (point === 'status') wrapRename(/\/status\/intent-[^/]*\.status$/);
if (point === 'record') await wrapDatasync();
