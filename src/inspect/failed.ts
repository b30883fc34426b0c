import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isIntentName, isRefusedName } from '../intent/names.ts';
import { exists } from '../spool/claim.ts';
import { type Layout, originalName } from '../spool/layout.ts';
import { namesIn, rawPath } from './listing.ts';
import { readErrorLog, readStatus } from './status-file.ts';

/** A file in failed/. */
export type FailedFile = {
  /** Its name there. */
  file: string;
  /** The name of its intent, under which it was dropped. */
  name: string;
  /** Why it failed; null where neither status nor error log tells. */
  code: string | null;
  /** Why it is not to be put back; null where it may be. */
  objection: string | null;
};

/**
 * All files in failed/, one by one. What comes there while we read is left out: else one that is put
 * back and fails again at once would be met again and again. Throws errno errors.
 */
export async function* failedFiles(layout: Layout): AsyncGenerator<FailedFile> {
  const directory = lstatSync(layout.failed, { throwIfNoEntry: false });
  // The move into it stamps both ctimes, maybe by the clock of a file server.
  const begunMs = Math.max(Date.now(), directory?.ctimeMs ?? 0);
  for await (const names of namesIn(layout.failed)) {
    for (const rawName of names.filter(isIntentName)) {
      const found = lstatSync(rawPath(layout.failed, rawName), { throwIfNoEntry: false });
      if (!found || found.ctimeMs > begunMs) continue;
      yield failedFile(layout, Buffer.from(rawName, 'latin1').toString());
    }
  }
}

/**
 * The failed file that a name means: that of the latest outcome of the intent of this name, else the
 * one that has this very name in failed/. Null where there is neither. Throws errno errors.
 */
export function findFailed(layout: Layout, name: string): FailedFile | null {
  const latest = readStatus(layout, name)?.moved_to ?? '';
  const file = latest.startsWith('failed/') ? latest.slice('failed/'.length) : name;
  const found = [file, name].find((one) => exists(join(layout.failed, one)));
  if (found === undefined) return null;
  const { objection, ...failed } = failedFile(layout, found);
  // Whoever names an older one wants that one.
  return { ...failed, objection: isRefusedName(failed.name) ? objection : null };
}

function failedFile(layout: Layout, file: string): FailedFile {
  const itself = readStatus(layout, file);
  const isItself = itself?.moved_to === `failed/${file}`;
  const name = isItself ? file : originalName(file);
  const status = name === file ? itself : readStatus(layout, name);
  const isLatest = status?.moved_to === `failed/${file}`;
  const code = isLatest ? status?.error_details?.error_code : codeInLog(readErrorLog(layout, file));
  return {
    file,
    name,
    code: code ?? null,
    objection: isRefusedName(name)
      ? 'its own name was refused: drop it under a plain name'
      : status === null || isLatest
        ? null
        : `${name} came to another end since: ${status.moved_to}`,
  };
}

/** The code in an error log's line `error: E007 porch timeout`. */
function codeInLog(log: string | null): string | null {
  return /^error: (E\d{3}) /m.exec(log ?? '')?.[1] ?? null;
}
