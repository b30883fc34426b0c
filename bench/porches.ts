import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Porches for the bench, made in a directory of its own. */
export type Porches = {
  /** Does nothing. */
  zero: string;
  /** Takes about 10 ms and no processor. */
  tenMs: string;
  /** Appends its intent's path and the time of its start to `starts` in the output directory. */
  record: string;
  /** Where it is the first one, it writes the same to `first`. */
  first: string;
  /** What the last three are: `C`, or `sh` where there is no C compiler. */
  kind: 'C' | 'sh';
};

const scripts = {
  'porch-10ms': '#!/bin/sh\nexec sleep 0.01\n',
  'porch-record': '#!/bin/sh\necho "$2 $(date +%s%N)" >> "$4/starts"\n',
  'porch-first': '#!/bin/sh\n[ -e "$4/first" ] || echo "$2 $(date +%s%N)" > "$4/first"\n',
};

/** Makes the porches in `directory`. Shell scripts cost more than some of what is measured. */
export function makePorches(directory: string): Porches {
  const porches = {
    zero: '/bin/true',
    tenMs: join(directory, 'porch-10ms'),
    record: join(directory, 'porch-record'),
    first: join(directory, 'porch-first'),
  };
  const isCompiled =
    compile(porches.tenMs, '-DSLEEP_US=10000') &&
    compile(porches.record, '-DRECORD') &&
    compile(porches.first, '-DRECORD', '-DFIRST');
  if (isCompiled) return { ...porches, kind: 'C' };
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), text, { mode: 0o755 });
  }
  return { ...porches, kind: 'sh' };
}

function compile(path: string, ...defines: string[]): boolean {
  const source = join(import.meta.dirname, 'porch.c');
  return spawnSync('cc', ['-O2', ...defines, '-o', path, source], { stdio: 'ignore' }).status === 0;
}
