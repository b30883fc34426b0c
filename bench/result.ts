import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import process from 'node:process';
import * as z from 'zod';
import type { Row } from './table.ts';

const row = z.object({
  line: z.string(),
  what: z.string(),
  unit: z.enum(['/s', 's', 'ms', 'MB', 'bytes', '%']),
  value: z.number(),
  reference: z.object({ what: z.string(), value: z.number() }).nullable(),
  target: z.union([z.object({ share: z.number() }), z.object({ below: z.number() })]).nullable(),
  flaw: z.string().exactOptional(),
  numbers: z.record(z.string(), z.union([z.number(), z.array(z.number())])),
});

const result = z.object({ machine: z.string(), quick: z.boolean(), rows: z.array(row) });

/** What one run of the bench has measured, as `--json` keeps it. */
export type Result = { machine: string; quick: boolean; rows: readonly Row[] };

export function resultOf(rows: readonly Row[], quick: boolean): Result {
  const [cpu] = cpus();
  const model = cpu?.model ?? 'unknown';
  const machine = `${cpus().length} × ${model}, node ${process.version}, in ${tmpdir()}`;
  return { machine, quick, rows };
}

/**
 * The lines that were measured now in the place of those that were kept, in the order of their names.
 * Throws where the two are of different machines, or of different sizes.
 */
export function updated(kept: Result, now: Result): Result {
  if (kept.machine !== now.machine || kept.quick !== now.quick) {
    throw new Error(`what was kept is of another kind: ${kept.machine}; a full run replaces it`);
  }
  const measured = new Set(now.rows.map(({ line }) => line));
  const rows = [...kept.rows.filter(({ line }) => !measured.has(line)), ...now.rows];
  return { ...now, rows: rows.sort((a, b) => (a.line < b.line ? -1 : a.line > b.line ? 1 : 0)) };
}

/** Throws where the file is no result of the bench. */
export function readResult(path: string): Result {
  const parsed = result.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export function writeResult(path: string, kept: Result): void {
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`);
}
