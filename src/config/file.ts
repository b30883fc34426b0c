import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { type JsonFault, scanJson } from '../intent/json.ts';
import { ConfigError } from './error.ts';

/** A value in the configuration file, with the dotted path at which it stood. */
export type FileEntry = { key: string; value: unknown };

/** Sections of settings nest three deep; the rest is room for mistakes to be named. */
const deepest = 32;

const section = z.record(z.string(), z.unknown());

/**
 * Reads a JSON configuration file and gives its values by dotted path; objects are sections unless
 * `isSetting` says that a setting stands there. Throws ConfigError with file, line and column.
 */
export function readConfigFile(path: string, isSetting: (key: string) => boolean): FileEntry[] {
  const content = parseJson(path, readText(path));
  const top = section.safeParse(content);
  if (!top.success || Array.isArray(content)) {
    throw new ConfigError([
      `configuration file ${path}: expected one JSON object, such as {"mode": "structured"}`,
    ]);
  }
  return flatten(top.data, '', isSetting);
}

function flatten(
  object: Record<string, unknown>,
  prefix: string,
  isSetting: (key: string) => boolean,
): FileEntry[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const key = prefix + name;
    const inner = section.safeParse(value);
    const isSection = inner.success && !Array.isArray(value) && Object.keys(inner.data).length > 0;
    return isSection && !isSetting(key)
      ? flatten(inner.data, `${key}.`, isSetting)
      : [{ key, value }];
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`configuration file ${path} cannot be read: ${reason}`]);
  }
}

/** JSON.parse takes the last of two equal keys and often names no place, so the text is scanned first. */
function parseJson(path: string, text: string): unknown {
  const { fatal, faults } = scanJson(text, deepest);
  const all = fatal === null ? faults : [...faults, fatal];
  if (all.length === 0) return JSON.parse(text);
  throw new ConfigError(
    all.map((fault) => {
      const before = text.slice(0, fault.offset).split('\n');
      const line = before.length;
      const column = (before.at(-1)?.length ?? 0) + 1;
      return `configuration file ${path}, line ${line}, column ${column}: ${fault.message}; ${mend(text, fault)}`;
    }),
  );
}

function mend(text: string, fault: JsonFault): string {
  const before = text.slice(0, fault.offset).trimEnd();
  const found = text.charAt(fault.offset);
  if (fault.kind === 'duplicate') return 'leave one of them out';
  if (fault.kind === 'depth') return 'settings are at most three levels deep';
  if (fault.kind === 'range') return 'write a smaller number';
  if (before === '') return 'the file must be a JSON object that begins with {';
  if (/[}\]]/.test(found) && before.endsWith(',')) return 'remove the comma before it';
  if (found === '/' || found === '#') return 'JSON has no comments; remove it';
  if (found === "'") return 'put text in double quotes';
  if (found === '') return 'the file is cut off; close what is open';
  if (found === '"') return 'a comma may be missing before it';
  return 'put it right there';
}
