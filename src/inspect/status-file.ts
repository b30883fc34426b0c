import { join } from 'node:path';
import * as z from 'zod';
import { errorLogName, type Layout, statusName } from '../spool/layout.ts';
import { readSmall } from './listing.ts';

/** What we need of a status file (docs/reference.md); whatever else it says is kept. */
const statusFile = z.looseObject({
  intent_file: z.string(),
  status: z.enum(['success', 'failed', 'timeout', 'skipped']),
  message: z.string(),
  timestamp: z.string(),
  porch_path: z.string(),
  processing_duration: z.string(),
  sha256: z.string(),
  attempts: z.number(),
  instance: z.string(),
  moved_to: z.string(),
  error_details: z
    .looseObject({
      error_code: z.string(),
      error_message: z.string(),
      porch_exit_code: z.number().nullable(),
      porch_stdout: z.string(),
      porch_stderr: z.string(),
    })
    .optional(),
});

export type StatusFile = z.infer<typeof statusFile>;

/** Far beyond any of ours: a message and twice 4 KiB of porch's output, escaped. */
const LARGEST_BYTES = 1024 * 1024;

/** The latest report of a name; null where there is none that can be read. Throws errno errors. */
export function readStatus({ status }: Layout, name: string): StatusFile | null {
  return parseStatus(readSmall(join(status, statusName(name)), LARGEST_BYTES));
}

/** Null where the text is no status. */
export function parseStatus(text: string | null): StatusFile | null {
  if (text === null) return null;
  try {
    return statusFile.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The error log beside a file in failed/; null where there is none. Throws errno errors. */
export function readErrorLog({ failed }: Layout, file: string): string | null {
  return readSmall(join(failed, errorLogName(file)), LARGEST_BYTES);
}
