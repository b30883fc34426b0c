import process from 'node:process';
import { checkPaths } from '../config/check.ts';
import type { LoadedSettings } from '../config/load.ts';
import { findPorch } from '../porch/find.ts';
import { bold, complain, dim, lookOf, writeOut } from './terminal.ts';

/** `-validate-config`: prints every setting with its origin, then the checks. Gives 0, or 1. */
export function showConfig(loaded: LoadedSettings, warnings: readonly string[]): number {
  const look = lookOf(process.stdout);
  const header = {
    key: 'SETTING',
    value: 'VALUE',
    by: 'CHANGED BY',
    origin: 'ORIGIN',
    built: true,
  };
  const rows = loaded.rows.map((row) => ({
    ...row,
    value: row.value === '' ? '-' : row.value,
    by: row.reloadable ? 'reload' : 'restart',
  }));
  const keyWidth = Math.max(...rows.map((row) => row.key.length));
  const valueWidth = Math.min(40, Math.max(...rows.map((row) => row.value.length)));
  for (const row of [header, ...rows]) {
    const mark = row.built ? '' : ' (not built yet)';
    const value = row.value.padEnd(valueWidth);
    const line = `${row.key.padEnd(keyWidth)}  ${value}  ${row.by.padEnd(10)}  ${row.origin}${mark}`;
    if (row === header) writeOut(bold(line, look));
    else writeOut(row.built ? line : dim(line, look));
  }
  writeOut('');
  for (const warning of warnings) complain(`warning: ${warning}`);
  return showChecks(loaded);
}

function showChecks({ settings }: LoadedSettings): number {
  const problems = checkPaths(settings);
  const porch = findPorch(settings.porch, process.env.PATH);
  if ('path' in porch) writeOut(`porch is ${porch.path === 'builtin' ? 'builtin' : porch.path}`);
  for (const problem of problems) complain(problem);
  writeOut(
    problems.length === 0 ? 'The configuration can be used.' : 'The configuration cannot be used.',
  );
  return problems.length === 0 ? 0 : 1;
}
