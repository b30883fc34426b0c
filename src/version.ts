import { readFileSync } from 'node:fs';
import * as z from 'zod';

// Set by the build, because a bundle has no package.json beside it.
declare const CONDUCTOR_VERSION: string | undefined;

/** The version of conductor-loop, such as `1.0.0`. */
export const version: string =
  typeof CONDUCTOR_VERSION === 'string' ? CONDUCTOR_VERSION : versionOfPackage();

function versionOfPackage(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
