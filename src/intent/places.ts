import { cleanControl, scrub } from '../telemetry/scrub.ts';
import type { JsonStep } from './json.ts';

/** A place in a text; both count from 1, columns in UTF-16 units. */
export type Position = { line: number; column: number };

const longestQuote = 40;
/** Enough of a long value to recognise a secret in it before it is cut. */
const longestScrubbed = 1000;
const longestPath = 200;

/** The places of `offsets`, in the same order, in one pass over the text. */
export function positionsOf(text: string, offsets: readonly number[]): Position[] {
  const order = offsets.map((offset, index) => ({ offset, index }));
  order.sort((a, b) => a.offset - b.offset);
  const positions: Position[] = offsets.map(() => ({ line: 1, column: 1 }));
  let line = 1;
  let lineStart = 0;
  for (const { offset, index } of order) {
    for (;;) {
      const end = text.indexOf('\n', lineStart);
      if (end === -1 || end >= offset) break;
      line++;
      lineStart = end + 1;
    }
    positions[index] = { line, column: offset - lineStart + 1 };
  }
  return positions;
}

/** Writes a path as `$.constraints.max_replicas`, `$.target_resources[3]` or `$["odd key"]`. */
export function formatPath(path: readonly JsonStep[]): string {
  const parts = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    const key = quotable(step);
    return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  });
  const text = `$${parts.join('')}`;
  return text.length <= longestPath ? text : `${cut(text, longestPath - 1)}…`;
}

/** A text from an intent as a message may show it: one line, no secrets, at most 40 characters. */
export function quotable(text: string): string {
  const clean = cleanControl(scrub(text.slice(0, longestScrubbed))).replace(/[\n\t]/g, ' ');
  return clean.length <= longestQuote && text.length <= longestScrubbed
    ? clean
    : `${cut(clean, longestQuote - 1)}…`;
}

/** The first `length` units, but never half of a surrogate pair. */
function cut(text: string, length: number): string {
  const isSplit = /[\uD800-\uDBFF]/.test(text.charAt(length - 1));
  return text.slice(0, isSplit ? length - 1 : length);
}
