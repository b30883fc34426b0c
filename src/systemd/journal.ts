import { fstatSync } from 'node:fs';

/** Levels of the log as sd-daemon(3) writes them before a line. */
const priorities: Readonly<Record<string, number>> = {
  debug: 7,
  info: 6,
  warn: 4,
  error: 3,
  fatal: 2,
};

/**
 * Whether what is written to `fd` goes straight to systemd's journal, which reads a priority before
 * each line and takes it away: JOURNAL_STREAM names device and inode of the stream that it reads.
 */
export function isJournal(
  fd: number,
  { JOURNAL_STREAM }: Readonly<Record<string, string | undefined>>,
): boolean {
  if (JOURNAL_STREAM === undefined || JOURNAL_STREAM === '') return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    // A closed stream is no journal's.
    return false;
  }
}

/** Each line of `text` with the priority of that level before it. */
export function withPriority(text: string, level: string): string {
  const mark = `<${priorities[level] ?? priorities.info}>`;
  return text.replace(/^(?=.)/gm, mark);
}
