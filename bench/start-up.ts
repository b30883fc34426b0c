import process from 'node:process';
import { bundled, type CommandLine, packaged, runToEnd, timed, workOff } from './program.ts';
import { makeSpool } from './spool.ts';
import { type Measured, median } from './table.ts';

/** What is started, and the milliseconds within which it has to say its version and to end `--once`. */
type Way = { name: string; line: CommandLine; targets: { version: number; once: number } };

/** How long the program takes to say its version and to find that there is nothing to do. */
export function startUp(quick: boolean): Measured[] {
  const spool = makeSpool();
  const rounds = quick ? 5 : 15;
  const run = ([command, ...first]: CommandLine, ...args: string[]) =>
    timed(() => runToEnd(spool, command, [...first, ...args]));
  const ways: readonly Way[] = [
    { name: '', line: bundled, targets: { version: 250, once: 250 } },
    { name: ' of the single binary', line: packaged(), targets: { version: 100, once: 150 } },
  ];
  const measured = ways.map((way) => ({ ...way, once: [] as number[], version: [] as number[] }));
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const { line, once, version } of measured) {
      once.push(workOff(spool, 0, ['-porch', 'builtin'], line));
      version.push(run(line, '-version'));
    }
    bare.push(run([process.execPath], '-e', '0'));
  }
  const row = (what: string, ours: readonly number[], below: number): Measured => ({
    what,
    unit: 'ms',
    value: median(ours),
    reference: { what: 'node -e 0', value: median(bare) },
    target: { below },
    numbers: { ours, bare },
  });
  return measured.flatMap(({ name, once, version, targets }) => [
    row(`start to end of --once${name} with nothing to do`, once, targets.once),
    row(`-version${name}`, version, targets.version),
  ]);
}
