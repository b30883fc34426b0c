/**
 * `npm run bench`: what the program can do on this machine, each figure beside a reference that is
 * measured in the same run, in turns. It works in the directory for temporary files (TMPDIR), where
 * it needs 30 GB and 7 million inodes until it ends: use one on the disk that matters.
 * Exit code 1 where a target is not met.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { moved } from './against.ts';
import { writeChart } from './chart.ts';
import { lines } from './lines.ts';
import { makePorches } from './porches.ts';
import { build } from './program.ts';
import { type Result, readResult, resultOf, updated, writeResult } from './result.ts';
import { benchDirectory, removeBenchDirectory } from './spool.ts';
import { isMet, type Row, table } from './table.ts';

/** Where a full run keeps its result and draws it. */
const docs = fileURLToPath(new URL('../docs/performance', import.meta.url));

const { values: flags, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    update: { type: 'boolean', default: false },
    against: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

function help(): string {
  const list = Object.entries(lines).map(([name, { what, minutes }]) => {
    return `  ${name}  ${what}: ${minutes.full} min, quick ${minutes.quick} min`;
  });
  return `npm run bench -- [LINE...] [--quick] [--json FILE] [--update] [--against FILE]

  --quick         smaller sizes
  --json FILE     keep the result; a full run keeps it as docs/performance.json and draws it
  --update        these lines take the place of theirs in what the last full run has kept
  --against FILE  show what has moved since that result was kept

${list.join('\n')}`;
}

async function measureAll(chosen: readonly string[]): Promise<Row[]> {
  const porches = makePorches(benchDirectory());
  const rows: Row[] = [];
  for (const name of chosen) {
    const line = lines[name];
    if (!line) continue;
    const minutes = flags.quick ? line.minutes.quick : line.minutes.full;
    process.stderr.write(`${name}: ${line.what}, about ${minutes} min\n`);
    const measured = [await line.measure(porches, flags.quick)].flat();
    rows.push(...measured.map((row) => ({ line: name, ...row })));
  }
  return rows;
}

async function bench(): Promise<void> {
  const unknown = positionals.find((name) => !(name in lines));
  if (unknown !== undefined) throw new Error(`no line ${unknown}; see --help`);
  const old = flags.against === undefined ? null : readResult(flags.against);
  const isFull = positionals.length === 0 && !flags.quick;
  build();
  const rows = await measureAll(positionals.length > 0 ? positionals : Object.keys(lines));
  const result = resultOf(rows, flags.quick);
  console.log(
    `${result.machine}${flags.quick ? ', --quick: smaller sizes' : ''}\n\n${table(rows)}`,
  );
  if (old) console.log(`\n${moved(old, result)}`);
  if (flags.json !== undefined) writeResult(flags.json, result);
  if (isFull || flags.update)
    keepInDocs(isFull ? result : updated(readResult(`${docs}.json`), result));
  process.exitCode = rows.every(isMet) ? 0 : 1;
}

function keepInDocs(result: Result): void {
  writeResult(`${docs}.json`, result);
  writeChart(result, `${docs}.svg`);
}

if (flags.help) {
  console.log(help());
} else {
  try {
    await bench();
  } finally {
    removeBenchDirectory();
  }
}
