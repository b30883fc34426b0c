import type { JsonStep } from './json.ts';

/** What a wrong value looks like an attempt at; part of the metrics' contract. */
export const suspicions = ['command_injection', 'path_traversal'] as const;
export type Suspicion = (typeof suspicions)[number];

/** Keys that hold prose, in which any character may stand. */
const prose = new Set<JsonStep>(['reason', 'description', 'metadata']);

/** A shell would begin another command there. No name has such characters by mistake. */
const command = /[;&|`<>\n]|\$\(/;
/** A step upwards, also percent-encoded, or a path from the root. */
const traversal = /(^|[/\\])\.\.([/\\]|$)|%2e%2e|%2f|^[/\\]|^[a-z]:\\/i;

/**
 * What the author of a refused value may have been up to, for those who look after security. Whatever
 * it looks like, it was refused, and never gets near a shell or a path.
 */
export function suspicionOf(path: readonly JsonStep[], value: unknown): Suspicion | null {
  const [top] = path;
  if (typeof value !== 'string' || (top !== undefined && prose.has(top))) return null;
  if (traversal.test(value)) return 'path_traversal';
  return command.test(value) ? 'command_injection' : null;
}
