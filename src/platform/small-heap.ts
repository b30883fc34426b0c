/**
 * Imported before anything else, for its effect: of all threads, V8 lets the heap grow with what is
 * alive on it, and not with the memory of the machine. Where most of what is made is garbage a moment
 * later, room for more of it gains nothing.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  'max-semi-space-size=1',
  'semi-space-growth-factor=1',
  'heap-growing-percent=30',
  // It collects sooner, and gives back what it does not need.
  'optimize-for-size',
  // Else each thread maps V8's own code near its own once more.
  'no-short-builtin-calls',
];

// Deno keeps its flags to itself.
if (!('deno' in process.versions)) {
  for (const flag of FLAGS) setFlagsFromString(`--${flag}`);
}
