/** Directories that bear the name of an intent. Each is told of once, as long as looks find it. */
export class Misnamed {
  readonly #tell: (name: string) => void;
  /** In which look each was come upon last. */
  readonly #found = new Map<string, number>();
  #look = 0;

  constructor(tell: (name: string) => void) {
    this.#tell = tell;
  }

  get size(): number {
    return this.#found.size;
  }

  found(name: string): void {
    if (!this.#found.has(name)) this.#tell(name);
    this.#found.set(name, this.#look);
  }

  /** A look has come upon the name, and has not looked what it is. */
  passed(name: string): void {
    if (this.#found.has(name)) this.#found.set(name, this.#look);
  }

  /** A look at everything is over: what it has not come upon is not there any more. */
  looked(): void {
    for (const [name, look] of this.#found) if (look !== this.#look) this.#found.delete(name);
    this.#look++;
  }
}
