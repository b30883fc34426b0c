/** Milliseconds in each unit of Go's durations (https://pkg.go.dev/time#ParseDuration). */
const durationUnits: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const kib = 1024;
const sizeUnits: Record<string, number> = {
  '': 1,
  b: 1,
  k: kib,
  kb: kib,
  kib: kib,
  m: kib ** 2,
  mb: kib ** 2,
  mib: kib ** 2,
  g: kib ** 3,
  gb: kib ** 3,
  gib: kib ** 3,
};

/**
 * Reads a duration in Go's notation (`500ms`, `1h30m`, `1.5s`, `168h`, `0`) and gives milliseconds,
 * which may have a fraction for `us` and `ns`.
 * Throws an Error whose message says what was expected, where the text is anything else.
 */
export function parseDuration(text: string): number {
  const word = text.trim();
  const unsigned = word.startsWith('+') ? word.slice(1) : word;
  if (unsigned === '0') return 0;
  if (unsigned.startsWith('-')) throw new Error('a duration cannot be negative');
  if (/^\d+(\.\d*)?$/.test(unsigned)) {
    throw new Error('a duration needs a unit, such as 500ms or 30s');
  }
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
  let total = 0;
  while (part.lastIndex < unsigned.length || unsigned === '') {
    const found = part.exec(unsigned);
    const unit = found === null ? undefined : durationUnits[found[2] ?? ''];
    if (found === null || unit === undefined) {
      throw new Error('expected a duration such as 500ms, 30s, 1h30m or 168h');
    }
    total += Number(found[1]) * unit;
  }
  if (total > Number.MAX_SAFE_INTEGER) throw new Error('the duration is too long');
  // 1.1s is 1100 ms, not 1100.0000000000002.
  return Number(total.toFixed(6));
}

/**
 * Writes milliseconds in Go's notation with at most two decimals: `2.45s`, `500ms`, `1m30s`, `168h`.
 * Unlike Go it leaves out parts that are zero, so that what it writes is what people type.
 */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 999.995) return ms === 0 ? '0s' : `${twoDecimals(ms)}ms`;
  // Rounded before it is divided up, so that 59.999s becomes 1m and never 60s.
  const rounded = Math.round(ms / 10) * 10;
  const hours = Math.floor(rounded / 3_600_000);
  const minutes = Math.floor((rounded % 3_600_000) / 60_000);
  const seconds = (rounded % 60_000) / 1000;
  const parts = [
    hours > 0 ? `${hours}h` : '',
    minutes > 0 ? `${minutes}m` : '',
    seconds > 0 ? `${twoDecimals(seconds)}s` : '',
  ];
  return parts.join('');
}

/**
 * Reads a size (`10485760`, `10MB`, `10MiB`, `64KB`, any case, a space before the unit allowed) and
 * gives bytes. MB is 1024 x 1024, as `10MB` has always meant 10485760 here.
 * Throws an Error whose message says what was expected.
 */
export function parseSize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = found === null ? undefined : sizeUnits[(found[2] ?? '').toLowerCase()];
  if (found === null || unit === undefined) {
    throw new Error('expected a size such as 10MB, 64KB or a number of bytes');
  }
  const bytes = Number(found[1]) * unit;
  if (!Number.isSafeInteger(bytes)) throw new Error('expected a whole number of bytes');
  return bytes;
}

/** Writes bytes in the largest unit that divides them: 10485760 is `10MB`, 1000 is `1000B`. */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % kib ** 3 === 0) return `${bytes / kib ** 3}GB`;
  if (bytes > 0 && bytes % kib ** 2 === 0) return `${bytes / kib ** 2}MB`;
  if (bytes > 0 && bytes % kib === 0) return `${bytes / kib}KB`;
  return `${bytes}B`;
}

function twoDecimals(value: number): string {
  return String(Number(value.toFixed(2)));
}
