import assert from 'node:assert/strict';
import { type Content, checkContent } from '../../src/intent/content.ts';
import type { Intent } from '../../src/intent/schema.ts';
import type { CheckLimits } from '../../src/intent/types.ts';

export const limits: CheckLimits = {
  maxFileSize: 10 * 1024 * 1024,
  maxReplicas: 100,
  systemNamespaces: [],
};

/** A whole intent; `changes` go over it, and a change to `undefined` takes a key out. */
export function intentText(changes: Record<string, unknown> = {}): string {
  const intent = {
    intent_type: 'scaling',
    target: 'cnf-simulator',
    namespace: 'oran-sim',
    replicas: 3,
    correlation_id: 'scale-2024-001',
  };
  return JSON.stringify({ ...intent, ...changes });
}

/** A whole intent with one more member, written as it is. */
export function intentWith(member: string): string {
  return `${intentText().slice(0, -1)},${member}}`;
}

/** Checks a content that must be accepted. */
export function accept(content: string | Buffer, checkLimits = limits): Intent {
  const result = checkContent(Buffer.from(content), checkLimits);
  assert.equal(result.kind, 'accepted', JSON.stringify(result));
  return result.value;
}

/** Checks a content that must be refused. */
export function refuse(
  content: string | Buffer,
  checkLimits = limits,
): Extract<Content, { kind: 'refused' }> {
  const result = checkContent(Buffer.from(content), checkLimits);
  assert.equal(result.kind, 'refused');
  return result;
}

/** A short title for the test of a row of a table. */
export function title(changes: unknown): string {
  const text = JSON.stringify(changes, (_, value) => (value === undefined ? 'undefined' : value));
  return text.length > 70 ? `${text.slice(0, 69)}…` : text;
}
