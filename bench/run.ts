/**
 * `npm run bench`: what the program can do on this machine, each line beside a reference that is
 * measured in the same run, in turns. `npm run bench -- a c` measures only those lines; `--quick`
 * takes smaller sizes; `--json FILE` also writes the numbers. It works in the directory for
 * temporary files (TMPDIR), where it needs 6 GB until it ends: use one on the disk that matters. Exit code 1 where a target is not met.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tenMilliseconds, zeroCost } from './backlog.ts';
import { builtin } from './builtin.ts';
import { withHistory } from './history.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { makePorches, type Porches } from './porches.ts';
import { benchDirectory, removeBenchDirectory } from './spool.ts';
import { startUp } from './start-up.ts';
import { type Measured, table } from './table.ts';

type Line = (porches: Porches, quick: boolean) => Promise<Measured | Measured[]> | Measured[];

const lines: Readonly<Record<string, Line>> = {
  a: zeroCost,
  b: tenMilliseconds,
  c: (_porches, quick) => builtin(quick),
  d: latency,
  e: (_porches, quick) => withHistory(quick),
  f: (_porches, quick) => idle(quick),
  g: (_porches, quick) => startUp(quick),
};

function build(): void {
  const script = fileURLToPath(new URL('../build.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('the bundle could not be built');
}

async function measureAll(chosen: readonly string[], porches: Porches, quick: boolean) {
  const rows: (Measured & { line: string })[] = [];
  for (const line of chosen) {
    const begun = performance.now();
    const measured = await lines[line]?.(porches, quick);
    process.stderr.write(`${line}: ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
    rows.push(...[measured ?? []].flat().map((row) => ({ line, ...row })));
  }
  return rows;
}

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !(name in lines));
if (unknown !== undefined) throw new Error(`no line ${unknown}: ${Object.keys(lines).join(' ')}`);
build();
try {
  const chosen = positionals.length > 0 ? positionals : Object.keys(lines);
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, node ${process.version}, in ${tmpdir()}`;
  const rows = await measureAll(chosen, makePorches(benchDirectory()), values.quick);
  console.log(`${machine}${values.quick ? ', --quick: smaller sizes' : ''}\n\n${table(rows)}`);
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ machine, quick: values.quick, rows }, null, 2)}\n`,
    );
  }
  process.exitCode = rows.every(({ met }) => met) ? 0 : 1;
} finally {
  removeBenchDirectory();
}
