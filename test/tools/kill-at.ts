/**
 * Kills the program at a chosen point, from outside of its code: loaded before it (`--import`, in
 * Deno `--preload`, in the single binary `--require`, so nothing here is awaited), this wraps what the program calls. `KILL_AT=POINT:N` kills it when the point is
 * reached for the N-th time:
 *   claim    after a file was renamed into .inflight/
 *   record   after a sync of a journal that then holds the outcomes of N intents
 *   status   after a status was renamed into place
 *   move     after a file was renamed into processed/, before anybody knows
 */
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
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

/** Journals are synced through file handles, whose prototype only a handle leads to: the first. */
function wrapDatasync(): void {
  const { open } = fs.promises;
  fs.promises.open = async (...args) => {
    const handle = await open(...args);
    fs.promises.open = open;
    syncBuiltinESMExports();
    wrapDatasyncOf(Object.getPrototypeOf(handle));
    return handle;
  };
  syncBuiltinESMExports();
}

let isWrapped = false;

function wrapDatasyncOf(prototype: FileHandle): void {
  if (isWrapped) return;
  isWrapped = true;
  const { datasync } = prototype;
  prototype.datasync = async function synced(this: FileHandle) {
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
if (point === 'record') wrapDatasync();
