import { writeFileSync } from 'node:fs';
import type { ErrorCode } from '../../../src/intent/codes.ts';

/** Where a case makes its file. */
export type Place = {
  /** Its path, outside of handoff; it is renamed in when it is made. */
  path: Buffer;
  /** A directory for what links lead to. */
  outside: string;
  handoff: string;
};

/** A file that somebody drops, and what has to become of it. */
export type Case = {
  label: string;
  name: Buffer;
  make(place: Place): void | Promise<void>;
  /** `left`: it stays where it is. */
  expected: ErrorCode | 'accepted' | 'left';
  /** Its own name is refused: it is filed under one that we give it. */
  isNameRefused?: true;
  /** Only root can make it. */
  needsRoot?: true;
};

/** Stands in each file that is refused unread, and in each target of a link: nobody may ever see it. */
export const marker = 'never-to-be-seen-7f3a91';

const whole = {
  reason: '""',
  intent_type: '"scaling"',
  target: '"web"',
  namespace: '"default"',
  replicas: '3',
};

/**
 * The text of a good intent; `changes` are values as they stand in JSON text (null: without that
 * key), `last` is one more member as it is written.
 */
export function intent(changes: Record<string, string | null> = {}, last?: string): string {
  const members = Object.entries({ ...whole, ...changes })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${JSON.stringify(key)}: ${value}`);
  return `{\n${[...members, ...(last === undefined ? [] : [last])].join(',\n')}\n}\n`;
}

/** A row of a table of contents; one that is large is made when it is needed. */
export type Row = readonly [
  label: string,
  content: string | Buffer | (() => string | Buffer),
  expected: Case['expected'],
];

/** Cases of regular files with plain names, from what is in them. */
export function contentCases(kind: string, rows: readonly Row[]): Case[] {
  return rows.map(([label, content, expected], index) => ({
    label: `${kind}: ${label}`,
    name: Buffer.from(`intent-${kind}-${index}.json`),
    make: ({ path }) => writeFileSync(path, typeof content === 'function' ? content() : content),
    expected,
  }));
}
