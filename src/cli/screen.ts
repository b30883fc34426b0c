import { writeSync } from 'node:fs';
import process from 'node:process';
import { emitKeypressEvents, type Key } from 'node:readline';

// What xterm and its kin understand: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export type ScreenEvents = {
  key(key: Key): void;
  resized(): void;
  /** The terminal is gone, or somebody sent a signal. */
  ended(): void;
};

const stops = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Whether somebody sits there who can see and press keys. */
export function hasScreen(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY && process.env.TERM !== 'dumb';
}

/**
 * The whole terminal, while a program draws on it: another page than the shell's, without a cursor,
 * and with keys that come one by one. However the program ends, it is left as it was found.
 */
export class Screen {
  readonly #events: ScreenEvents;
  #isOurs = false;

  constructor(events: ScreenEvents) {
    this.#events = events;
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  /** Takes the terminal until `close`. */
  open(): void {
    process.on('exit', this.#leave);
    process.on('SIGCONT', this.#continued);
    for (const name of stops) process.on(name, this.#events.ended);
    process.stdout.on('resize', this.#events.resized);
    emitKeypressEvents(process.stdin);
    process.stdin.on('keypress', this.#pressed);
    for (const end of ['end', 'close', 'error']) process.stdin.on(end, this.#events.ended);
    this.#enter();
  }

  /** Gives the terminal back. */
  close(): void {
    this.#leave();
    process.off('exit', this.#leave);
    process.off('SIGCONT', this.#continued);
    for (const name of stops) process.off(name, this.#events.ended);
    process.stdout.off('resize', this.#events.resized);
    process.stdin.off('keypress', this.#pressed);
    for (const end of ['end', 'close', 'error']) process.stdin.off(end, this.#events.ended);
  }

  /** Draws over what was there, line by line, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#isOurs) return;
    const text = lines.slice(0, this.rows).map((line) => `${line}${CLEAR_LINE}`);
    process.stdout.write(`${HOME}${text.join('\r\n')}${CLEAR_BELOW}`);
  }

  readonly #pressed = (_text: string | undefined, key: Key): void => {
    if (key.ctrl && key.name === 'z') this.#suspend();
    else this.#events.key(key);
  };

  /** What the terminal itself does on Ctrl-Z while its keys do not come one by one. */
  #suspend(): void {
    if (process.platform === 'win32') return;
    this.#leave();
    process.kill(process.pid, 'SIGTSTP');
  }

  readonly #continued = (): void => {
    this.#enter();
    this.#events.resized();
  };

  #enter(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
    this.#isOurs = true;
    process.stdout.write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      // At once: at the end of the program nothing that waits is written any more.
      writeSync(1, LEAVE);
      process.stdin.setRawMode(false);
      process.stdin.pause();
    } catch {
      // The terminal is gone: there is nothing to give back.
    }
  };
}
