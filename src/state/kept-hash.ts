/**
 * Of a SHA-256 the history keeps the first half: 128 bits tell whether content is the same, for that
 * two that differ agree in them does not happen, and nobody can bring it about for a content that is
 * given.
 */
export const KEPT_BYTES = 16;

const KEPT_DIGITS = 2 * KEPT_BYTES;

/** What is kept of a hash in hex, or of what is kept of it. */
export const keptHash = (sha: string): string => sha.slice(0, KEPT_DIGITS);

/** Whether `kept` is what is kept of this hash; where it is empty, the content was never read. */
export function isKept(kept: string, sha: string): boolean {
  return kept !== '' && kept === keptHash(sha);
}
