import { columnBuffer, giveBack, makeRoom } from '../intent/columns.ts';
import { NameTable } from '../intent/name-table.ts';
import { comesBefore, type Order } from '../queue/scheduler.ts';

/** In place of a position in the heap, which begins at 1: the name is new, or held back. */
const NEW = 0;
const HELD = 0xffffffff;

/**
 * Names in the order of a time, then of the name; each at most once. Built for a million: a heap of
 * numbers for the names, and of each in columns its time and where in the heap it is. What a name has
 * taken is given back with it. Names can be held back: nothing is seen of them before they are
 * released.
 */
export class NameHeap {
  readonly #names = new NameTable();
  readonly #times = new Float64Array(columnBuffer(8));
  readonly #positions = new Uint32Array(columnBuffer(4));
  readonly #heap = new Uint32Array(columnBuffer(4));
  #size = 0;
  #firstHeld: Order | undefined;

  get size(): number {
    return this.#size;
  }

  /** Bytes that are held for all names. */
  get bytesHeld(): number {
    const columns = [this.#times, this.#positions, this.#heap];
    return columns.reduce((sum, column) => sum + column.byteLength, this.#names.bytesHeld);
  }

  /** What is held back does not count. */
  has(name: string): boolean {
    return this.#size > 0 && this.#find(name) !== undefined;
  }

  /** The same of a name in UTF-8 that lies in `bytes`, from `from` to before `end`. */
  hasBytes(bytes: Buffer, from: number, end: number): boolean {
    if (this.#size === 0) return false;
    const number = this.#names.findBytes(bytes, from, end);
    return number >= 0 && this.#positions[number] !== HELD;
  }

  timeOf(name: string): number | undefined {
    const number = this.#find(name);
    return number === undefined ? undefined : this.#times[number];
  }

  /** Puts a name in, or moves it to another time. */
  set(name: string, time: number): void {
    const number = this.#add(name);
    const position = this.#positions[number] ?? NEW;
    this.#times[number] = time;
    if (position === NEW || position === HELD) this.#push(number);
    else this.#settle(number, position);
  }

  delete(name: string): boolean {
    const number = this.#find(name);
    if (number === undefined) return false;
    this.#remove(number);
    return true;
  }

  /** Puts a name in that is not in, and holds it back. */
  hold(name: string, time: number): void {
    const number = this.#add(name);
    const position = this.#positions[number] ?? NEW;
    if (position !== NEW && position !== HELD) return;
    this.#times[number] = time;
    this.#positions[number] = HELD;
    const held = { name, time };
    if (!this.#firstHeld || comesBefore(held, this.#firstHeld)) this.#firstHeld = held;
  }

  /** No name that is held back comes before this one. */
  get firstHeld(): Order | undefined {
    return this.#firstHeld;
  }

  /** Releases those of the held that are wanted, and forgets the others. */
  release(wanted: 'all' | 'none' | ((name: string, time: number) => boolean)): void {
    const isWanted = (number: number) => {
      if (typeof wanted === 'string') return wanted === 'all';
      return wanted(this.#names.name(number), this.#times[number] ?? 0);
    };
    // From the last one down: a number that moves has been looked at.
    for (let number = this.#names.size - 1; this.#names.size > this.#size; number--) {
      if (this.#positions[number] !== HELD) continue;
      if (isWanted(number)) this.#push(number);
      else this.#forget(number);
    }
    this.#firstHeld = undefined;
  }

  /** The first name and its time. */
  peek(): Order | undefined {
    if (this.#size === 0) return undefined;
    const number = this.#heap[1] ?? 0;
    return { name: this.#names.name(number), time: this.#times[number] ?? 0 };
  }

  /** Takes the first name out. */
  pop(): Order | undefined {
    const first = this.peek();
    if (first) this.#remove(this.#heap[1] ?? 0);
    return first;
  }

  #find(name: string): number | undefined {
    const number = this.#names.find(name);
    return number >= 0 && this.#positions[number] !== HELD ? number : undefined;
  }

  #add(name: string): number {
    const { size } = this.#names;
    const number = this.#names.add(name);
    if (number < size) return number;
    makeRoom(number, [this.#times, this.#positions]);
    this.#positions[number] = NEW;
    return number;
  }

  #push(number: number): void {
    this.#size++;
    makeRoom(this.#size, [this.#heap]);
    this.#settle(number, this.#size);
  }

  #remove(number: number): void {
    const position = this.#positions[number] ?? 0;
    const last = this.#heap[this.#size--] ?? 0;
    if (last !== number) this.#settle(last, position);
    giveBack(this.#size + 1, [this.#heap]);
    this.#forget(number);
  }

  /** Forgets a name that is not in the heap. */
  #forget(number: number): void {
    const last = this.#names.delete(number);
    const position = this.#positions[last] ?? NEW;
    if (last !== number) {
      this.#times[number] = this.#times[last] ?? 0;
      this.#positions[number] = position;
      if (position !== HELD) this.#heap[position] = number;
    }
    giveBack(last, [this.#times, this.#positions]);
  }

  /** Puts a name at a position that is free, or its own, and from there up or down to where it belongs. */
  #settle(number: number, from: number): void {
    let position = from;
    for (let above = position >> 1; above > 0; above = position >> 1) {
      const parent = this.#heap[above] ?? 0;
      if (!this.#isBefore(number, parent)) break;
      this.#put(parent, position);
      position = above;
    }
    for (let child = this.#firstBelow(position); child > 0; child = this.#firstBelow(position)) {
      const below = this.#heap[child] ?? 0;
      if (!this.#isBefore(below, number)) break;
      this.#put(below, position);
      position = child;
    }
    this.#put(number, position);
  }

  /** The position below this one whose name comes first, or 0 where there is none. */
  #firstBelow(position: number): number {
    const left = 2 * position;
    if (left > this.#size) return 0;
    const right = left + 1;
    if (right > this.#size) return left;
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
