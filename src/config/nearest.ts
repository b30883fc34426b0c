/**
 * The candidate that `word` was probably meant to be, or undefined where none is near: at most a
 * third of its letters wrong (at least one), or one the beginning of the other.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(lower.length / 3)) + 0.5;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const distance = beginningDistance(lower, other) ?? damerauLevenshtein(lower, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * What a word and its beginning count for as mistakes: more than one wrong letter and less than two,
 * a word cut short less than one with something added. Null where neither begins the other.
 */
function beginningDistance(word: string, candidate: string): number | null {
  if (word === candidate || Math.min(word.length, candidate.length) < 3) return null;
  if (candidate.startsWith(word)) return 1.1;
  return word.startsWith(candidate) ? 1.2 : null;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function damerauLevenshtein(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (row[j - 1] ?? 0) + 1,
        (previous[j] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
