/**
 * Imported before anything else, for its effect: of all threads, V8 lets the heap grow with what is
 * alive on it, and not with the memory of the machine. Where most of what is made is garbage a moment
 * later, room for more of it gains nothing.
 */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  'max-semi-space-size=1',
  'semi-space-growth-factor=1',
  'heap-growing-percent=12',
  // Else each thread maps V8's own code near its own once more.
  'no-short-builtin-calls',
];

// Deno keeps its flags to itself.
const setFlag = 'deno' in process.versions ? () => {} : setFlagsFromString;

for (const flag of FLAGS) setFlag(`--${flag}`);

/**
 * Whether V8 collects sooner, and gives back what it does not need: 20 MB where three runners are busy.
 * Where nothing happens it would do so every few seconds, for nothing.
 */
export function favourSize(wanted: boolean): void {
  setFlag(wanted ? '--optimize-for-size' : '--no-optimize-for-size');
}
