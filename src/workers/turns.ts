/**
 * Steps that are done one in each turn of the event loop: however many wait, what is urgent among
 * news and timers comes between them.
 */
export class Turns {
  readonly #steps: (() => void)[] = [];
  #isScheduled = false;

  add(step: () => void): void {
    this.#steps.push(step);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const step = this.#steps.shift();
      if (this.#steps.length > 0) this.#schedule();
      step?.();
    });
  }
}
