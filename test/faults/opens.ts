import { closeSync, readSync } from 'node:fs';
import { loadFfi } from '../../src/platform/ffi.ts';

const IN_ACCESS = 0x1;
const IN_OPEN = 0x20;
const IN_NONBLOCK = 0o4000;
/** The fixed part of an event: watch, mask, cookie, length of the name. */
const EVENT = 16;

/** Notices whether anybody opens or reads files, by the kernel's own news (inotify(7)). */
export class Opens {
  readonly #fd: number;
  readonly #paths = new Map<number, string>();

  /** Begins to watch; null where there is no inotify to be had. */
  static of(paths: readonly string[]): Opens | null {
    const ffi = process.platform === 'linux' ? loadFfi() : null;
    if (!ffi) return null;
    const { functions } = ffi.dlopen('libc.so.6', {
      inotify_init1: { arguments: ['i32'], return: 'i32' },
      inotify_add_watch: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
    });
    const fd = functions.inotify_init1(IN_NONBLOCK);
    if (fd < 0) return null;
    const opens = new Opens(fd);
    for (const path of paths) {
      const watch = functions.inotify_add_watch(fd, Buffer.from(`${path}\0`), IN_OPEN | IN_ACCESS);
      if (watch < 0) throw new Error(`${path} cannot be watched`);
      opens.#paths.set(watch, path);
    }
    return opens;
  }

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The files that were opened or read since the last call, each once. */
  take(): string[] {
    const found = new Set<string>();
    const buffer = Buffer.alloc(65_536);
    for (;;) {
      const length = this.#read(buffer);
      if (length === 0) return [...found];
      for (let at = 0; at < length; at += EVENT + buffer.readUInt32LE(at + 12)) {
        const watch = buffer.readInt32LE(at);
        found.add(this.#paths.get(watch) ?? `watch ${watch}`);
      }
    }
  }

  #read(buffer: Buffer): number {
    try {
      return readSync(this.#fd, buffer);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
