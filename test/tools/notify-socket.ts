import { closeSync, rmSync } from 'node:fs';
import { loadFfi } from '../../src/platform/index.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

/** The socket of a service manager, as NOTIFY_SOCKET names it: a real one, which keeps what it gets. */
export class NotifySocket {
  readonly #address: string;
  readonly #fd: number;
  readonly #receive: (into: Buffer) => number;
  readonly #got: string[] = [];
  /** It reads whether or not anybody looks, as a service manager does. */
  readonly #reading = setInterval(() => this.messages, 20);

  /** Null where this runtime has no door to such sockets. */
  static bind(address: string): NotifySocket | null {
    const ffi = process.platform === 'linux' ? loadFfi() : null;
    if (!ffi) return null;
    const { functions: c } = ffi.dlopen('libc.so.6', {
      socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
      bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
      recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i64' },
    });
    const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : `${address}\0`);
    const name = Buffer.concat([Buffer.from([AF_UNIX, 0]), path]);
    const fd = c.socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0 || c.bind(fd, name, name.length) !== 0) throw new Error(`cannot bind ${address}`);
    return new NotifySocket(address, fd, (into) => {
      return Number(c.recv(fd, into, BigInt(into.length), MSG_DONTWAIT));
    });
  }

  private constructor(address: string, fd: number, receive: (into: Buffer) => number) {
    this.#address = address;
    this.#fd = fd;
    this.#receive = receive;
  }

  /** All messages so far, in their order. */
  get messages(): readonly string[] {
    const buffer = Buffer.alloc(4096);
    for (let size = this.#receive(buffer); size >= 0; size = this.#receive(buffer)) {
      this.#got.push(buffer.toString('utf8', 0, size));
    }
    return this.#got;
  }

  /** The messages that have a line that matches. */
  having(line: RegExp): readonly string[] {
    return this.messages.filter((message) => message.split('\n').some((one) => line.test(one)));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#reading);
    closeSync(this.#fd);
    if (!this.#address.startsWith('@')) rmSync(this.#address, { force: true });
  }
}
