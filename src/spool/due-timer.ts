/** Rings once at the earliest of the moments that it is set to (of performance.now()). */
export class DueTimer {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  set(due: number): void {
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    const rings = () => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#ring();
    };
    this.#timer = setTimeout(rings, Math.max(0, due - performance.now()));
  }

  /** It never rings again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#due = Number.NEGATIVE_INFINITY;
  }
}
