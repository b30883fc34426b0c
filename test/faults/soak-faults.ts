import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../../src/platform/index.ts';
import { moveIn } from './ledger.ts';
import type { Random } from './random.ts';
import type { SoakedSpool } from './soak-spool.ts';
import type { Made } from './traffic.ts';

/** Something that is done to a program or its surroundings, and undone before it resolves. */
type Fault = (soaked: SoakedSpool, random: Random) => Promise<void>;

/** What ends a life of the program. */
const mortal: Record<string, Fault> = {
  'kill -9': async (soaked, random) => {
    await soaked.end('SIGKILL');
    await delay(random.between(0, 500));
    await soaked.start();
  },
  SIGTERM: async (soaked) => {
    await soaked.end('SIGTERM');
    await soaked.start();
  },
};

const anywhere: Record<string, Fault> = {
  stopped: async (soaked, random) => {
    soaked.program.signal('SIGSTOP');
    await delay(random.between(200, 3000));
    soaked.program.signal('SIGCONT');
  },
  'handoff read-only': (soaked, random) => readOnly(soaked.spool.handoff, random),
  'processed read-only': (soaked, random) =>
    readOnly(join(soaked.spool.handoff, 'processed'), random),
  'status read-only': (soaked, random) => readOnly(join(soaked.spool.handoff, 'status'), random),
  'rewritten file': async (soaked) => replace(soaked, soaked.traffic.good(), soaked.traffic.good()),
  'slow writer': slowWriter,
  'hostile files': hostile,
};

const standIn: Record<string, Fault> = {
  'porch missing': async (soaked, random) => {
    soaked.spool.uninstall(soaked.porch);
    await delay(random.between(200, 3000));
    soaked.spool.install(soaked.porch);
  },
};

const embedded: Record<string, Fault> = {
  'out read-only': (soaked, random) => readOnly(soaked.spool.out, random),
};

/** The faults that a spool of this kind may meet, by what they are called. */
export function faultsFor({ options }: SoakedSpool): [string, Fault][] {
  return Object.entries({
    ...anywhere,
    ...(options.porch === 'builtin' ? embedded : standIn),
    ...(options.mortal ? mortal : {}),
  });
}

async function readOnly(directory: string, random: Random): Promise<void> {
  chmodSync(directory, 0o555);
  await delay(random.between(200, 3000));
  chmodSync(directory, 0o755);
}

/**
 * Puts one file over another while that one may still wait. Whether it was in time is seen by the
 * number of its names: what was replaced has none.
 */
function replace({ spool, ledger }: SoakedSpool, first: Made, good: Made): void {
  const second = { ...good, name: first.name };
  const path = join(spool.handoff, first.name);
  if (!ledger.bring(first, (from) => moveIn(from, path))) return;
  const file = openIfThere(path);
  ledger.bring(second, (from) => {
    renameSync(from, path);
    return true;
  });
  if (file === null || fstatSync(file).nlink > 0) ledger.note(first);
  ledger.note(second);
  if (file !== null) closeSync(file);
}

/** Writes a file where it is watched, with a pause in the middle. It has a target of its own. */
async function slowWriter({ spool, ledger, traffic }: SoakedSpool, random: Random): Promise<void> {
  const made = traffic.good('slow');
  const text = made.content.toString();
  const half = random.whole(1, text.length - 2);
  const write = spool.writeSlowly(made.name);
  write(text.slice(0, half));
  await delay(random.between(20, 800));
  write(text.slice(half), true);
  ledger.note(made);
}

let hostileCount = 0;

/** One of each kind that must not do any harm. */
async function hostile(soaked: SoakedSpool, random: Random): Promise<void> {
  const { spool, ledger } = soaked;
  const n = ++hostileCount;
  const huge = { name: `intent-huge-${n}.json`, content: ' '.repeat(100_000), code: 'E002' };
  const deep = { name: `intent-deep-${n}.json`, content: '['.repeat(5000), code: 'E001' };
  const torn = { name: `intent-torn-${n}.json`, content: `{"number": ${n},`, code: 'E001' };
  for (const made of random.shuffled([huge, deep, torn])) ledger.drop(made);
  const odd = Buffer.concat([
    Buffer.from(`intent-${n}\n`),
    Buffer.from([0xff]),
    Buffer.from('.json'),
  ]);
  const refused = `intent-refused-${hash('sha256', odd).slice(0, 16)}.json`;
  const content = `{"odd": ${n}}`;
  writeFileSync(Buffer.concat([Buffer.from(`${spool.handoff}/`), odd]), content);
  ledger.note({ name: refused, content, code: 'E014' });
  symlinkSync('/etc/passwd', join(spool.handoff, `intent-link-${n}.json`));
  soaked.noteSpecial(`intent-link-${n}.json`);
  execFileSync('mkfifo', [join(spool.handoff, `intent-pipe-${n}.json`)]);
  soaked.noteSpecial(`intent-pipe-${n}.json`);
  const directory = join(spool.handoff, `intent-directory-${n}.json`);
  mkdirSync(directory);
  await delay(random.between(0, 1000));
  rmdirSync(directory);
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
