import { grown, NameTable } from '../intent/name-table.ts';

const FIRST_CAPACITY = 256;

/** In place of a position in the heap: the number is free, or its name is held back. */
const FREE = 0xffffffff;
const HELD = 0xfffffffe;

/**
 * Names in the order of a time, then of the name; each at most once. Built for a million: a heap of
 * numbers for the names, and of each in columns its time and where in the heap it is. Names can be
 * held back: nothing is seen of them before they are released.
 */
export class NameHeap {
  #names = new NameTable();
  #times = new Float64Array(FIRST_CAPACITY);
  #positions = new Uint32Array(FIRST_CAPACITY).fill(FREE);
  #heap = new Uint32Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  timeOf(name: string): number | undefined {
    const number = this.#find(name);
    return number === undefined ? undefined : this.#times[number];
  }

  /** Puts a name in, or moves it to another time. */
  set(name: string, time: number): void {
    const number = this.#names.add(name);
    this.#makeRoom(number);
    const position = this.#positions[number] ?? FREE;
    this.#times[number] = time;
    if (position < HELD) this.#settle(number, position);
    else this.#push(number);
  }

  delete(name: string): boolean {
    const number = this.#find(name);
    if (number === undefined) return false;
    this.#remove(number);
    return true;
  }

  /** Puts a name in that is not in, and holds it back. */
  hold(name: string, time: number): void {
    const number = this.#names.add(name);
    this.#makeRoom(number);
    if ((this.#positions[number] ?? FREE) < HELD) return;
    this.#times[number] = time;
    this.#positions[number] = HELD;
  }

  /** Releases those of the held that are wanted, and forgets the others. */
  release(isWanted: (name: string, time: number) => boolean): void {
    const { end } = this.#names;
    for (let number = 0; number < end && this.#names.size > this.#size; number++) {
      if (this.#positions[number] !== HELD) continue;
      if (isWanted(this.#names.name(number), this.#times[number] ?? 0)) this.#push(number);
      else this.#forget(number);
    }
  }

  clear(): void {
    this.#names = new NameTable();
    this.#times = new Float64Array(FIRST_CAPACITY);
    this.#positions = new Uint32Array(FIRST_CAPACITY).fill(FREE);
    this.#heap = new Uint32Array(FIRST_CAPACITY);
    this.#size = 0;
  }

  /** The first name and its time. */
  peek(): { name: string; time: number } | undefined {
    const number = this.#heap[0] ?? 0;
    if (this.#size === 0) return undefined;
    return { name: this.#names.name(number), time: this.#times[number] ?? 0 };
  }

  /** Takes the first name out. */
  pop(): { name: string; time: number } | undefined {
    const first = this.peek();
    if (first) this.#remove(this.#heap[0] ?? 0);
    return first;
  }

  #find(name: string): number | undefined {
    const number = this.#names.find(name);
    return number >= 0 && this.#positions[number] !== HELD ? number : undefined;
  }

  #makeRoom(number: number): void {
    if (number < this.#times.length) return;
    const capacity = Math.ceil(1.5 * number);
    this.#times = grown(this.#times, new Float64Array(capacity));
    this.#positions = grown(this.#positions, new Uint32Array(capacity).fill(FREE));
    this.#heap = grown(this.#heap, new Uint32Array(capacity));
  }

  #push(number: number): void {
    this.#settle(number, this.#size++);
  }

  #remove(number: number): void {
    const position = this.#positions[number] ?? 0;
    const last = this.#heap[--this.#size] ?? 0;
    this.#forget(number);
    if (last !== number) this.#settle(last, position);
  }

  /** What a million have taken is given back when the last of them is gone. */
  #forget(number: number): void {
    this.#names.delete(number);
    this.#positions[number] = FREE;
    if (this.#names.size === 0 && this.#times.length > FIRST_CAPACITY) this.clear();
  }

  /** Puts a name at a position that is free, or its own, and from there up or down to where it belongs. */
  #settle(number: number, from: number): void {
    let position = from;
    for (let above = (position - 1) >> 1; position > 0; above = (position - 1) >> 1) {
      const parent = this.#heap[above] ?? 0;
      if (!this.#isBefore(number, parent)) break;
      this.#put(parent, position);
      position = above;
    }
    for (let child = this.#firstBelow(position); child >= 0; child = this.#firstBelow(position)) {
      const below = this.#heap[child] ?? 0;
      if (!this.#isBefore(below, number)) break;
      this.#put(below, position);
      position = child;
    }
    this.#put(number, position);
  }

  /** The position below this one whose name comes first, or -1 where there is none. */
  #firstBelow(position: number): number {
    const left = 2 * position + 1;
    if (left >= this.#size) return -1;
    const right = left + 1;
    if (right >= this.#size) return left;
    return this.#isBefore(this.#heap[right] ?? 0, this.#heap[left] ?? 0) ? right : left;
  }

  #put(number: number, position: number): void {
    this.#heap[position] = number;
    this.#positions[number] = position;
  }

  #isBefore(a: number, b: number): boolean {
    const [timeA = 0, timeB = 0] = [this.#times[a], this.#times[b]];
    return timeA < timeB || (timeA === timeB && this.#names.compare(a, b) < 0);
  }
}
