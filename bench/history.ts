import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PastOutcome } from '../src/state/history.ts';
import { writeSnapshot } from '../src/state/snapshot.ts';
import { dropBacklog, makeSpool, type Spool, workOff } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

const SHARE = 0.85;
const BYTES = 200;

type Run = { rate: number; bytes: number; startMs: number };

/** The rate with more and more history, beside the rate with none, and what an entry costs on disk. */
export async function withHistory(quick: boolean): Promise<Measured[]> {
  const count = quick ? 1000 : 5000;
  const sizes = quick ? [0, 5000, 20_000] : [0, 20_000, 100_000];
  const runs = new Map<number, Run[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < 3; round++) {
    for (const size of sizes) {
      runs.get(size)?.push(await run(makeSpool(), size, count));
    }
  }
  const rateOf = (size: number) => median((runs.get(size) ?? []).map(({ rate }) => rate));
  const rows = sizes.slice(1).map((size): Measured => {
    const share = rateOf(size) / rateOf(0);
    return {
      what: `rate with ${whole(size)} entries of history`,
      ours: `${whole(rateOf(size))}/s, ${share.toFixed(2)} of it`,
      reference: `with none: ${whole(rateOf(0))}/s`,
      target: `>= ${SHARE}`,
      met: share >= SHARE,
      numbers: numbersOf(runs.get(size) ?? []),
    };
  });
  return [...rows, bytesRow(runs.get(sizes.at(-1) ?? 0) ?? [])];
}

function numbersOf(runs: readonly Run[]) {
  return { rates: runs.map(({ rate }) => rate), startMs: runs.map(({ startMs }) => startMs) };
}

function bytesRow(runs: readonly Run[]): Measured {
  const bytes = median(runs.map((one) => one.bytes));
  return {
    what: 'disk for an entry, at rest',
    ours: `${whole(bytes)} bytes`,
    reference: `its name and SHA-256: ${nameOfPast(0).length + 64} bytes`,
    target: `<= ${BYTES} bytes`,
    met: bytes <= BYTES,
    numbers: { bytes },
  };
}

async function run(spool: Spool, size: number, count: number): Promise<Run> {
  if (size > 0) {
    const content = { covers: [], unfinished: [], entries: past(size) };
    await writeSnapshot(join(spool.handoff, '.conductor-state.json'), content);
  }
  dropBacklog(spool, count);
  const wholeMs = workOff(spool, count, ['-porch', 'builtin']);
  const log = readFileSync(spool.log, 'utf8');
  if (!log.includes(`"history":${size},`)) throw new Error(`the history of ${size} was not read`);
  const rate = Number(/\((\d+)\/s\)/.exec(log)?.[1]);
  const state = readdirSync(spool.handoff).filter((name) => name.startsWith('.conductor-state'));
  const disk = state.reduce((sum, name) => sum + statSync(join(spool.handoff, name)).size, 0);
  return { rate, bytes: disk / (size + count), startMs: wholeMs - (count / rate) * 1000 };
}

const nameOfPast = (index: number) => `intent-past-${String(index).padStart(7, '0')}.json`;

function* past(size: number): Generator<[string, PastOutcome]> {
  const at = Date.now() - 3_600_000;
  for (let index = 0; index < size; index++) {
    const sha = createHash('sha256').update(`past ${index}`).digest('hex');
    yield [nameOfPast(index), { sha, succeeded: index % 10 > 0, at: at + index }];
  }
}
