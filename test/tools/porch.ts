import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The stand-in porch, a real executable; the directives that it obeys are described in it. */
export const standInPorch = fileURLToPath(new URL('porch.sh', import.meta.url));

/** A line of the stand-in's log. */
export type PorchLogLine = {
  event: 'start' | 'end';
  name: string;
  sha256: string;
  attempt: number;
  runId: string;
  /** Null at the start. */
  exitCode: number | null;
};

/** What the stand-in wrote so far, in the order of writing; empty before its first run. */
export function readPorchLog(outDir: string): PorchLogLine[] {
  let text: string;
  try {
    text = readFileSync(join(outDir, 'porch.log'), 'utf8');
  } catch {
    return [];
  }
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [event = '', name = '', sha256 = '', attempt, runId = '', exitCode] = line.split(' ');
    return {
      event: event === 'end' ? 'end' : 'start',
      name,
      sha256,
      attempt: Number(attempt),
      runId,
      exitCode: exitCode === undefined ? null : Number(exitCode),
    };
  });
}

/** A valid intent whose reason holds directives for the stand-in. */
export function intentFor(directives: string, more: Record<string, unknown> = {}): string {
  const intent = {
    intent_type: 'scaling',
    target: 'web',
    namespace: 'default',
    replicas: 3,
    reason: directives,
    ...more,
  };
  return `${JSON.stringify(intent)}\n`;
}
