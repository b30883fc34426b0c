import type { Key } from 'node:readline';
import { dim, type Look } from './terminal.ts';

/** What a key means; null where it means nothing. */
export type Command = 'quit' | 'refresh' | 'pause' | 'scroll' | null;

/** A page that is higher than the terminal: what of it is seen, and what the keys do to that. */
export class TopView {
  #page: readonly string[] = [];
  #first = 0;
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  show(page: readonly string[]): void {
    this.#page = page;
  }

  /** Does what a key asks for, as far as it is about the view. `rows`: of the terminal. */
  press({ name, sequence, ctrl, shift }: Key, rows: number): Command {
    if ((ctrl && (name === 'c' || name === 'd')) || (!ctrl && name === 'q')) return 'quit';
    if (ctrl) return null;
    if (name === 'r') return 'refresh';
    if (name === 'p') {
      this.#paused = !this.#paused;
      return 'pause';
    }
    const step = stepOf(shift && name === 'g' ? 'end' : (name ?? sequence), rows - 2);
    if (step === null) return null;
    this.#first = Math.max(0, Math.min(this.#last(rows), this.#first + step));
    return 'scroll';
  }

  /** The lines to draw: the page from where it is scrolled to, and the keys in the last line. */
  frame(rows: number, interval: string, look: Look): string[] {
    this.#first = Math.min(this.#first, this.#last(rows));
    const seen = this.#page.slice(this.#first, this.#first + rows - 1);
    const blank = Array.from({ length: Math.max(0, rows - 1 - seen.length) }, () => '');
    return [...seen, ...blank, dim(this.#footer(rows, interval), look)];
  }

  #footer(rows: number, interval: string): string {
    const state = this.#paused ? 'PAUSED' : `every ${interval}`;
    const last = Math.min(this.#page.length, this.#first + rows - 1);
    const place =
      this.#page.length < rows ? '' : `  ${this.#first + 1}-${last} of ${this.#page.length}`;
    return `q quit  r refresh  p pause  arrows or j k scroll  ${state}${place}`;
  }

  #last(rows: number): number {
    return Math.max(0, this.#page.length - (rows - 1));
  }
}

/** By how many lines a key scrolls. */
function stepOf(name: string | undefined, page: number): number | null {
  switch (name) {
    case 'up':
    case 'k':
      return -1;
    case 'down':
    case 'j':
      return 1;
    case 'pageup':
    case 'b':
      return -page;
    case 'pagedown':
    case 'space':
      return page;
    case 'home':
    case 'g':
      return Number.NEGATIVE_INFINITY;
    case 'end':
      return Number.POSITIVE_INFINITY;
    default:
      return null;
  }
}
