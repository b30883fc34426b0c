import { basename, join } from 'node:path';
import type { PorchRequest } from './types.ts';

/**
 * What a batch file may be given as the name of an intent. Windows runs batch files in cmd.exe, and
 * whatever stands in their arguments is read by it once more wherever the file uses it: `&` and `|`
 * begin another command, `%` names a variable. Letters that are not ASCII are out as well: on their
 * way through a code page some of them become quotes and bars.
 */
const harmless = /^[A-Za-z0-9._-]+$/;

export function isBatch(porch: string): boolean {
  return /\.(cmd|bat)$/i.test(porch);
}

/** Why a batch file must not be started for this intent; null where it may. */
export function unfitForBatch({ porch, intentPath }: PorchRequest): string | null {
  if (!isBatch(porch) || harmless.test(basename(intentPath))) return null;
  return (
    `${basename(porch)} was not started: it is a batch file, which cmd.exe runs, and the intent's ` +
    'name has characters that mean something there'
  );
}

export type BatchCommand = {
  command: string;
  /** One text: the command line behind the command as it is. */
  line: string;
  environment: Record<string, string>;
};

/**
 * How a batch file is started: by a command line that is always the same. Paths reach it through the
 * environment, where cmd.exe reads them once, within quotes that no path of Windows can end. Nothing of
 * AutoRun (/d), no `!` (/v:off), and the quotes are taken as they stand (/s).
 */
export function batchCommand({ porch, intentPath, outDir, mode }: PorchRequest): BatchCommand {
  const structured = mode === 'structured' ? ' -structured' : '';
  const call = `"%CONDUCTOR_PORCH_FILE%" -intent "%CONDUCTOR_INTENT_FILE%" -out "%CONDUCTOR_OUT_DIR%"`;
  return {
    command: join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'cmd.exe'),
    line: `/d /e:on /v:off /s /c "${call}${structured}"`,
    environment: {
      CONDUCTOR_PORCH_FILE: porch,
      CONDUCTOR_INTENT_FILE: intentPath,
      CONDUCTOR_OUT_DIR: outDir,
    },
  };
}
