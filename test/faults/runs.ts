import assert from 'node:assert/strict';
import { lifeOf } from '../../src/state/records.ts';
import type { PorchLogLine } from '../tools/porch.ts';
import type { Entry } from './ledger.ts';

/** A life of the program, and what its runs of porch are excused for. */
export type RunningLife = { life: string; excused: boolean; wasStopped: boolean };

type Run = { name: string; life: string; begun: number; ended: number | null };

/** What was dropped once under a name, with one content that is to run. */
type Intent = { name: string; target: string; place: number; drops: number; attempts: number };

/**
 * Throws an AssertionError that lists which intents ran more often than they may, and which ran
 * before others of their target that were dropped before them had come to their end. What an
 * instance was running when it died or was stopped may run again.
 */
export function assertRuns(
  log: readonly PorchLogLine[],
  entries: readonly Entry[],
  lives: readonly RunningLife[],
): void {
  const intents = intentsOf(entries);
  const runs = Map.groupBy(runsOf(log), ({ key }) => key);
  const excused = new Set(lives.filter((one) => one.excused).map(({ life }) => life));
  const stopped = new Set(lives.filter((one) => one.wasStopped).map(({ life }) => life));
  const wrong: string[] = [];
  for (const [key, { name, drops, attempts }] of intents) {
    const counted = (runs.get(key) ?? []).filter(({ life }) => !excused.has(life));
    if (counted.length <= drops * attempts) continue;
    const said = counted.map(({ life, begun, ended }) => `${begun} to ${ended} by ${life}`);
    wrong.push(`${name} ran ${counted.length} times (${said.join(', ')}), not ${drops * attempts}`);
  }
  const single = [...intents].filter(([, { drops }]) => drops === 1);
  for (const those of Map.groupBy(single, ([, { target }]) => target).values()) {
    those.sort(([, a], [, b]) => a.place - b.place);
    those.forEach(([key, later], at) => {
      const first = runs.get(key)?.find(({ life }) => !stopped.has(life));
      if (!first) return;
      for (const [earlierKey, earlier] of those.slice(0, at)) {
        const late = (runs.get(earlierKey) ?? []).find((run) => {
          if (stopped.has(run.life)) return false;
          const isOver = run.ended === null || run.ended < first.begun || excused.has(run.life);
          return run.begun > first.begun || !isOver;
        });
        if (!late) continue;
        wrong.push(
          `${later.target}: ${later.name} (run ${first.begun} by ${first.life}) overtook ` +
            `${earlier.name} (${late.begun} to ${late.ended} by ${late.life})`,
        );
      }
    });
  }
  assert.equal(wrong.length, 0, `${wrong.length} runs are wrong:\n- ${wrong.join('\n- ')}`);
}

const keyOf = (name: string, sha: string) => `${name} ${sha}`;

/** By name and content. A repeated success is not run, so that it counts as no further drop. */
function intentsOf(entries: readonly Entry[]): Map<string, Intent> {
  const intents = new Map<string, Intent>();
  for (const [place, { name, sha, code, target, content }] of entries.entries()) {
    if (target === undefined) continue;
    const known = intents.get(keyOf(name, sha));
    if (known) known.drops += code === undefined ? 0 : 1;
    if (known) continue;
    // A clean stop gives back what waits for its next attempt: those are counted anew after it.
    const isRetried = /exit=75|signal=/.test(content.toString());
    const attempts = isRetried ? Number.POSITIVE_INFINITY : 1;
    intents.set(keyOf(name, sha), { name, target, place, drops: 1, attempts });
  }
  return intents;
}

/** With the lines of the log as their time. */
function runsOf(log: readonly PorchLogLine[]): (Run & { key: string })[] {
  return log.flatMap(({ event, name, sha256, runId, attempt }, begun) => {
    if (event !== 'start') return [];
    const end = log.findIndex((line, at) => {
      return at > begun && line.event === 'end' && line.runId === runId && line.attempt === attempt;
    });
    const ended = end === -1 ? null : end;
    return [{ key: keyOf(name, sha256), name, life: lifeOf(runId), begun, ended }];
  });
}
