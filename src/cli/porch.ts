import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { loadSettings } from '../config/load.ts';
import { readIntent } from '../intent/read.ts';
import { mendNamespace } from '../porch/builtin/mend.ts';
import { runBuiltin } from '../porch/builtin/run.ts';
import { complain } from './terminal.ts';

/** sysexits.h: a failure that may pass by itself. conductor-loop tries such a porch again. */
const EX_TEMPFAIL = 75;

/** Of `conductor-loop porch`, as given on the command line. */
export type PorchOptions = { intent: string; out: string; structured: boolean };

/**
 * The embedded porch as a program of its own: writes the package for one intent, says so on
 * standard output, and gives the exit code: 0, 1 for an intent or a use that is wrong, 75 where the
 * disk refused. What an intent may hold is settled by the environment, as for `validate`.
 * Throws ConfigError.
 */
export async function porchCommand(options: PorchOptions): Promise<number> {
  const { settings } = loadSettings({
    flags: {},
    configPath: undefined,
    environment: process.env,
    directory: process.cwd(),
  });
  const intentPath = resolve(options.intent);
  const outDir = resolve(options.out);
  if (!existsSync(dirname(outDir))) {
    complain(`porch: -out ${options.out}: we find no directory ${dirname(outDir)} to make it in`);
    return 1;
  }
  const read = readIntent(intentPath, settings);
  if (read.kind === 'accepted') mendNamespace(join(outDir, read.value.namespace));
  const mode = options.structured ? 'structured' : 'direct';
  const [result] = runBuiltin([{ intentPath, outDir, mode }], settings);
  process.stdout.write(result?.stdout ?? '');
  process.stderr.write(result?.stderr ?? '');
  if (result?.startError) {
    complain(`porch: ${result.startError.message}`);
    return EX_TEMPFAIL;
  }
  return result?.exitCode ?? 1;
}
