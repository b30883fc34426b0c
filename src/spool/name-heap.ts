/**
 * Names in the order of a time, then of the name; each at most once. Built for a million: times lie
 * in a plain array of numbers, and a name that is taken out or moved leaves a stale heap entry
 * behind that is passed over when it comes up.
 */
export class NameHeap {
  #times = new Map<string, number>();
  #names: string[] = [];
  #keys: number[] = [];

  get size(): number {
    return this.#times.size;
  }

  has(name: string): boolean {
    return this.#times.has(name);
  }

  timeOf(name: string): number | undefined {
    return this.#times.get(name);
  }

  /** Puts a name in, or moves it to another time. */
  set(name: string, time: number): void {
    if (this.#times.get(name) === time) return;
    this.#times.set(name, time);
    this.#names.push(name);
    this.#keys.push(time);
    this.#up(this.#names.length - 1);
    if (this.#names.length > 2 * this.#times.size + 1024) this.#rebuild();
  }

  delete(name: string): boolean {
    return this.#times.delete(name);
  }

  clear(): void {
    this.#times.clear();
    this.#names = [];
    this.#keys = [];
  }

  /** The first name and its time. */
  peek(): { name: string; time: number } | undefined {
    while (this.#names.length > 0) {
      const [name, time] = [this.#names[0], this.#keys[0]];
      if (name === undefined || time === undefined) return undefined;
      if (this.#times.get(name) === time) return { name, time };
      this.#dropFirst();
    }
    return undefined;
  }

  /** Takes the first name out. */
  pop(): { name: string; time: number } | undefined {
    const first = this.peek();
    if (!first) return undefined;
    this.#times.delete(first.name);
    this.#dropFirst();
    return first;
  }

  #rebuild(): void {
    const entries = [...this.#times];
    entries.sort(([nameA, a], [nameB, b]) => a - b || (nameA < nameB ? -1 : 1));
    this.#names = entries.map(([name]) => name);
    this.#keys = entries.map(([, time]) => time);
  }

  #dropFirst(): void {
    const name = this.#names.pop();
    const key = this.#keys.pop();
    if (name === undefined || key === undefined || this.#names.length === 0) return;
    this.#names[0] = name;
    this.#keys[0] = key;
    this.#down(0);
  }

  #before(a: number, b: number): boolean {
    const [keyA = 0, keyB = 0] = [this.#keys[a], this.#keys[b]];
    return keyA < keyB || (keyA === keyB && (this.#names[a] ?? '') < (this.#names[b] ?? ''));
  }

  #swap(a: number, b: number): void {
    const [nameA = '', nameB = ''] = [this.#names[a], this.#names[b]];
    const [keyA = 0, keyB = 0] = [this.#keys[a], this.#keys[b]];
    this.#names[a] = nameB;
    this.#names[b] = nameA;
    this.#keys[a] = keyB;
    this.#keys[b] = keyA;
  }

  #up(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #down(index: number): void {
    for (let parent = index; ; ) {
      const left = 2 * parent + 1;
      if (left >= this.#names.length) return;
      const right = left + 1;
      const child = right < this.#names.length && this.#before(right, left) ? right : left;
      if (!this.#before(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }
}
