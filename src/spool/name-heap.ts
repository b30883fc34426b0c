import { columnBuffer, makeRoom } from '../intent/columns.ts';
import { NameTable } from '../intent/name-table.ts';
import { comesBefore, type Order } from '../queue/scheduler.ts';

/** So few are not worth giving their memory back. */
const FEW = 1000;

/** In place of a position in the heap, which begins at 1: the number is free, or its name held back. */
const FREE = 0;
const HELD = 0xffffffff;

/**
 * Names in the order of a time, then of the name; each at most once. Built for a million: a heap of
 * numbers for the names, and of each in columns its time and where in the heap it is. Names can be
 * held back: nothing is seen of them before they are released.
 */
export class NameHeap {
  #names = new NameTable();
  #times = new Float64Array(columnBuffer(8));
  #positions = new Uint32Array(columnBuffer(4));
  #heap = new Uint32Array(columnBuffer(4));
  #size = 0;
  #firstHeld: Order | undefined;

  get size(): number {
    return this.#size;
  }

  /** What is held back does not count. */
  has(name: string): boolean {
    return this.#size > 0 && this.#find(name) !== undefined;
  }

  timeOf(name: string): number | undefined {
    const number = this.#find(name);
    return number === undefined ? undefined : this.#times[number];
  }

  /** Puts a name in, or moves it to another time. */
  set(name: string, time: number): void {
    const number = this.#add(name);
    const position = this.#positions[number] ?? FREE;
    this.#times[number] = time;
    if (position === FREE || position === HELD) this.#push(number);
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
    const position = this.#positions[number] ?? FREE;
    if (position !== FREE && position !== HELD) return;
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
    const { end } = this.#names;
    for (let number = 0; number < end && this.#names.size > this.#size; number++) {
      if (this.#positions[number] !== HELD) continue;
      if (isWanted(number)) this.#push(number);
      else this.#forget(number);
    }
    this.#firstHeld = undefined;
  }

  clear(): void {
    this.#names = new NameTable();
    this.#times = new Float64Array(columnBuffer(8));
    this.#positions = new Uint32Array(columnBuffer(4));
    this.#heap = new Uint32Array(columnBuffer(4));
    this.#size = 0;
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
    const number = this.#names.add(name);
    makeRoom(number, [this.#times, this.#positions]);
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
    this.#forget(number);
    if (last !== number) this.#settle(last, position);
  }

  /** What a million have taken is given back when the last of them is gone. */
  #forget(number: number): void {
    this.#names.delete(number);
    this.#positions[number] = FREE;
    if (this.#names.size === 0 && this.#times.length > FEW) this.clear();
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
