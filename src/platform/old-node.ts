/**
 * Imported before anything else, for its effect: a Node.js that can read TypeScript but has not what
 * this program needs is told what to use instead. One that cannot read it never gets here, and the
 * bundle says it in words of its own (build.mjs).
 */
import process from 'node:process';

declare const CONDUCTOR_VERSION: string | undefined;

const NEEDED_MAJOR = 26;

if (
  typeof CONDUCTOR_VERSION === 'undefined' &&
  process.versions.deno === undefined &&
  Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR
) {
  process.stderr.write(
    `conductor-loop: needs Node.js ${NEEDED_MAJOR} or later, and this is ${process.version}; start it ` +
      'with npm start or bin/conductor-loop.cjs, which take the Node.js that npm ci installs\n',
  );
  process.exit(1);
}
