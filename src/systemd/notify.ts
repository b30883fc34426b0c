import { spawn } from 'node:child_process';
import { errnoOf, sendDatagram } from '../platform/index.ts';

/** A receiver that is behind is given this long. */
const RETRY_MS = 100;
const MOST_RETRIES = 50;

/**
 * Tells the service manager how we are: sd_notify(3), messages of lines `NAME=value` to the socket
 * that it names in NOTIFY_SOCKET. Where the runtime has no door to such sockets, systemd-notify(1)
 * carries them; the unit has to allow that by NotifyAccess=all.
 */
export class Notifier {
  readonly #address: string;
  readonly #report: (problem: string) => void;
  #reported = false;
  /** The latest of the messages that are carried one after the other. */
  #carried: Promise<void> = Promise.resolve();
  #carrying = 0;

  /** `report` is told once why nothing reaches the service manager. */
  constructor(address: string, report: (problem: string) => void) {
    this.#address = address;
    this.#report = report;
  }

  /** Something is still on its way: what can wait had better do so. */
  get busy(): boolean {
    return this.#carrying > 0;
  }

  send(lines: readonly string[]): void {
    this.#try(lines, MOST_RETRIES);
  }

  #try(lines: readonly string[], retries: number): void {
    try {
      if (!sendDatagram(this.#address, lines.join('\n'))) this.#carry(lines);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || !(error instanceof Error)) throw error;
      if ((errno === 'EAGAIN' || errno === 'ENOBUFS') && retries > 0) {
        setTimeout(() => this.#try(lines, retries - 1), RETRY_MS).unref();
      } else {
        this.#complain(error.message);
      }
    }
  }

  #carry(lines: readonly string[]): void {
    this.#carrying++;
    this.#carried = this.#carried
      .then(() => this.#carryNow(lines))
      .then(() => {
        this.#carrying--;
      });
  }

  #carryNow(lines: readonly string[]): Promise<void> {
    const { PATH } = process.env;
    const env = { NOTIFY_SOCKET: this.#address, ...(PATH === undefined ? {} : { PATH }) };
    return new Promise((resolve) => {
      const carrier = spawn('systemd-notify', lines, { env, stdio: 'ignore' });
      carrier.on('error', ({ message }) => {
        this.#complain(
          `this runtime has no node:ffi, and systemd-notify cannot be run: ${message}`,
        );
        resolve();
      });
      carrier.on('exit', (code) => {
        if (code !== 0) this.#complain(`systemd-notify ended with ${code}`);
        resolve();
      });
    });
  }

  #complain(problem: string): void {
    if (!this.#reported) this.#report(problem);
    this.#reported = true;
  }
}
