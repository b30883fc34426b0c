import { writeSync } from 'node:fs';

const REDRAW_MS = 100;

/** How far the program is. */
export type Advance = { done: number; open: number; failures: number };

/** One line on a terminal that is drawn over and over while `--once` works off the backlog. */
export class Progress {
  #timer: NodeJS.Timeout | undefined;
  #drawn = false;

  start(advance: () => Advance): void {
    const begunMs = performance.now();
    this.#timer = setInterval(() => this.#draw(advance(), performance.now() - begunMs), REDRAW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  /** Takes the line away, until it is drawn again. */
  clear(): void {
    if (this.#drawn) writeSync(2, '\r\x1b[K');
    this.#drawn = false;
  }

  #draw({ done, open, failures }: Advance, ms: number): void {
    const rate = Math.round(done / (ms / 1000));
    const failed = failures > 0 ? `, ${failures} failed` : '';
    writeSync(2, `\r\x1b[K${done} / ${done + open} intents, ${rate}/s${failed}`);
    this.#drawn = true;
  }
}
