import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { type FailedFile, failedFiles, findFailed } from '../inspect/failed.ts';
import { exists } from '../spool/claim.ts';
import { type Layout, layoutOf } from '../spool/layout.ts';
import { type PutBack, putBack } from '../spool/put-back.ts';
import { plain, titleOf } from './status-page.ts';
import { complain, writeOut } from './terminal.ts';

const exitLeft = 8;

export type RetryOptions = {
  /** Empty: all in failed/. */
  names: readonly string[];
  /** Null: whatever the code. */
  codes: ReadonlySet<string> | null;
  dryRun: boolean;
};

/** What has come of it so far. `left`: what was asked for and could not be done. */
type Tally = { back: number; left: number; passedOver: number };

/**
 * Puts back the failed intents that the options choose, one after the other, and gives the exit code.
 * Throws errno errors.
 */
export async function retryFailed(
  { handoff, instance }: Settings,
  { names, codes, dryRun }: RetryOptions,
): Promise<number> {
  const layout = layoutOf(handoff, instance, '');
  const tally: Tally = { back: 0, left: 0, passedOver: 0 };
  const chosen = names.length > 0 ? named(layout, names, tally) : failedFiles(layout);
  for await (const failed of chosen) {
    if (codes !== null && !codes.has(failed.code ?? '')) {
      if (names.length > 0) leave(failed, `it failed with ${failed.code ?? 'no code'}`, tally);
    } else if (failed.objection !== null) {
      // Of all, those are meant that can be tried again.
      if (names.length > 0) leave(failed, failed.objection, tally);
      else tally.passedOver++;
    } else {
      retryOne(layout, failed, dryRun, tally);
    }
  }
  const { back, left, passedOver } = tally;
  const older = passedOver > 0 ? `, ${passedOver} passed over (older ones, refused names)` : '';
  writeOut(`${back} ${dryRun ? 'would be put back' : 'put back'}, ${left} left${older}`);
  return left > 0 ? exitLeft : 0;
}

function* named(layout: Layout, names: readonly string[], tally: Tally): Generator<FailedFile> {
  for (const name of names) {
    const failed = findFailed(layout, name);
    if (failed !== null) yield failed;
    else {
      complain(`${plain(name)} is not in ${layout.failed}; conductor-loop show says where it is`);
      tally.left++;
    }
  }
}

function retryOne(layout: Layout, failed: FailedFile, dryRun: boolean, tally: Tally): void {
  const { file, name, code } = failed;
  const result = dryRun ? foresee(layout, name) : putBack(layout, file, name);
  if (result !== 'back') {
    leave(failed, reasons[result], tally);
    return;
  }
  const why = code === null ? '' : `  ${code} ${titleOf(code)}`;
  const from = file === name ? '' : `, was ${plain(file)}`;
  writeOut(`${plain(name)}  ${dryRun ? 'would be put back' : 'put back'}${from}${why}`);
  tally.back++;
}

function foresee(layout: Layout, name: string): PutBack {
  return exists(join(layout.handoff, name)) ? 'waits' : 'back';
}

const reasons: Record<Exclude<PutBack, 'back'>, string> = {
  waits: 'a file of its name waits in the handoff directory',
  gone: 'it is not in failed any more',
  unsupported:
    'this file system cannot move it without the risk of replacing a file; stop conductor-loop and move it by hand',
};

function leave({ file }: FailedFile, reason: string, tally: Tally): void {
  complain(`${plain(file)} is left: ${reason}`);
  tally.left++;
}
