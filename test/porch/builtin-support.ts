import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Intent } from '../../src/intent/schema.ts';

/** An OUT directory of its own, removed after the test. */
export function outDirectory(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'builtin-porch-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A small intent that was read and accepted, with what a test wants otherwise. */
export function intentWith(changes: Partial<Intent>): Intent {
  return {
    intent_type: 'scaling',
    target: 'cnf-simulator',
    namespace: 'oran-sim',
    replicas: 3,
    priority: 5,
    ...changes,
  };
}

/** File name to content. */
export function filesIn(dir: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]),
  );
}
