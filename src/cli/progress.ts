import type { Tally } from '../pipeline/tally.ts';

const REDRAW_MS = 100;

/** One line on a terminal that is drawn over and over while `--once` works off the backlog. */
export class Progress {
  readonly #tally: Tally;
  readonly #open: () => number;
  readonly #begun = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** `open` says how many intents are known and not done with. */
  constructor(tally: Tally, open: () => number) {
    this.#tally = tally;
    this.#open = open;
  }

  start(): void {
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  stop(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    process.stderr.write('\r\x1b[K');
  }

  #draw(): void {
    const { done, failures } = this.#tally;
    const rate = done / ((performance.now() - this.#begun) / 1000);
    const failed = failures > 0 ? `, ${failures} failed` : '';
    process.stderr.write(
      `\r\x1b[K${done} / ${done + this.#open()} intents, ${Math.round(rate)}/s${failed}`,
    );
  }
}
