/** A binary heap: `before(a, b)` says whether a comes out before b. */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let child = items.push(item) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !this.#before(item, above)) break;
      items[child] = above;
      child = parent;
    }
    items[child] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let parent = 0;
    for (let child = 1; child < items.length; child = 2 * parent + 1) {
      const [left, right] = [items[child], items[child + 1]];
      if (left === undefined) break;
      const rightFirst = right !== undefined && this.#before(right, left);
      const next = rightFirst ? right : left;
      if (!this.#before(next, last)) break;
      items[parent] = next;
      parent = rightFirst ? child + 1 : child;
    }
    items[parent] = last;
    return first;
  }
}
