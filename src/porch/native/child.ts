import { closeSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { OutputCollector } from '../output.ts';
import type { Pipe, PollEntry } from './calls.ts';

export type NativeResult = {
  exitCode: number | null;
  signal: string | null;
  endedBy: 'timeout' | 'cancel' | null;
  /** Milliseconds until the program itself ended. */
  durationMs: number;
  stdout: string;
  stderr: string;
};

/** Where a number has two names (SIGABRT and SIGIOT), the first is the usual one. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

type Stream = PollEntry & { output: OutputCollector };

/**
 * A program that runs: its output and its end. Until its end we hold the writing ends of its pipes
 * too: so that it closes them wakes nobody, and most runs cost a single wait.
 */
export class Child {
  readonly pid: number;
  readonly begunMs: number;
  readonly #exit: PollEntry;
  readonly #stdout = new OutputCollector();
  readonly #stderr = new OutputCollector();
  /** Those that somebody still holds open. */
  streams: Stream[];
  #writers: number[];
  #durationMs = 0;

  constructor(pid: number, exit: number, stdout: Pipe, stderr: Pipe, begunMs: number) {
    this.pid = pid;
    this.begunMs = begunMs;
    this.#exit = { fd: exit, ready: false };
    this.streams = [
      { fd: stdout.read, ready: false, output: this.#stdout },
      { fd: stderr.read, ready: false, output: this.#stderr },
    ];
    this.#writers = [stdout.write, stderr.write];
  }

  /** What there is to wait for while it runs. */
  get entries(): PollEntry[] {
    return [this.#exit, ...this.streams];
  }

  get hasEnded(): boolean {
    return this.#exit.ready;
  }

  /** From now on a pipe is at its end when nobody else holds it open. */
  closeWriters(): void {
    this.#writers.forEach(closeSync);
    this.#writers = [];
  }

  /** Takes what the last poll found ready. */
  read(chunk: Buffer): void {
    if (this.#exit.ready && this.#durationMs === 0) {
      this.#durationMs = performance.now() - this.begunMs;
    }
    for (const stream of this.streams) {
      if (!stream.ready) continue;
      const length = readSync(stream.fd, chunk);
      if (length > 0) {
        stream.output.push(chunk.subarray(0, length));
      } else {
        closeSync(stream.fd);
        this.streams = this.streams.filter((other) => other !== stream);
      }
    }
  }

  close(): void {
    this.closeWriters();
    for (const { fd } of [...this.streams, this.#exit]) closeSync(fd);
    this.streams = [];
  }

  /** `status` is that of wait(2); null where the process could not be ended. */
  result(status: number | null, endedBy: NativeResult['endedBy']): NativeResult {
    const signal = status === null ? constants.signals.SIGKILL : status & 0x7f;
    return {
      exitCode: signal === 0 && status !== null ? (status >> 8) & 0xff : null,
      signal: signal === 0 ? null : (signalNames.get(signal) ?? `signal ${signal}`),
      endedBy,
      durationMs: this.#durationMs || performance.now() - this.begunMs,
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
    };
  }
}
