import { readFileSync } from 'node:fs';
import process from 'node:process';
import * as z from 'zod';

// Set by the build, because a bundle has no package.json beside it.
declare const CONDUCTOR_VERSION: string | undefined;

/** The version of conductor-loop, such as `1.0.0`. */
export const version: string =
  typeof CONDUCTOR_VERSION === 'string' ? CONDUCTOR_VERSION : versionOfPackage();

/** What -version prints, such as `conductor-loop 1.0.0 (node v26.10.0, linux x64)`. */
export function versionLine(): string {
  const deno = process.versions.deno;
  const runtime = deno === undefined ? `node ${process.version}` : `deno v${deno}`;
  return `conductor-loop ${version} (${runtime}, ${process.platform} ${process.arch})`;
}

function versionOfPackage(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
