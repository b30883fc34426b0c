import { type Given, type LoadedSettings, type SettingRow, workOut } from './load.ts';
import { settingInfos } from './schema.ts';
import type { Surroundings } from './settings.ts';

/** A setting that has, or would have, another value than before. */
export type Change = { key: string; from: string; to: string };

/** What a program runs with: the settings that it was started with, as they were renewed since. */
export type Running = Pick<LoadedSettings, 'settings' | 'rows' | 'given'>;

export type Renewed = {
  running: Running;
  changed: readonly Change[];
  /** They keep the value that they have. */
  needRestart: readonly Change[];
};

/** Takes what can change while the program runs from `next`, and all else from `running`. */
export function renew(running: Running, next: LoadedSettings, surroundings: Surroundings): Renewed {
  const given = new Map<string, Given>();
  for (const { key, reloadable } of settingInfos) {
    const value = (reloadable ? next : running).given.get(key);
    if (value !== undefined) given.set(key, value);
  }
  const renewed = workOut(given, surroundings);
  const fixed = next.rows.filter((row) => row.built && !row.reloadable);
  return {
    running: { ...renewed, given },
    changed: changesBetween(running.rows, renewed.rows),
    needRestart: changesBetween(running.rows, fixed),
  };
}

function changesBetween(before: readonly SettingRow[], after: readonly SettingRow[]): Change[] {
  const earlier = new Map(before.map(({ key, value }) => [key, value]));
  return after.flatMap(({ key, value }) => {
    const from = earlier.get(key) ?? value;
    return from === value ? [] : [{ key, from, to: value }];
  });
}
