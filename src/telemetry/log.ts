import pino, { type DestinationStream, type Logger } from 'pino';
import { isJournal, withPriority } from '../systemd/journal.ts';

export type Log = Logger;

export type LogOptions = {
  level: string;
  format: 'auto' | 'json' | 'pretty';
  service: string;
  version: string;
  environment: string;
  /** The name that this instance bears now. */
  instance: () => string;
  /** Called before each line for a person: whoever draws on the terminal takes its drawing away. */
  beforeLine?: () => void;
};

/** What is kept of the log while nothing of it can be written: on a full disk, say. */
const MOST_UNWRITTEN_BYTES = 1024 * 1024;

/**
 * The program's log: one JSON object a line on standard error, or lines for a person where that is
 * a terminal; in front of each its priority, where systemd's journal reads along.
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const { level, format, beforeLine, instance, ...fields } = options;
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  const render = isPretty ? await prettyRenderer([...Object.keys(fields), 'instance']) : null;
  return pino(
    {
      level,
      base: fields,
      mixin: () => ({ instance: instance() }),
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination(render, beforeLine),
  );
}

type Render = (line: string) => string;

/** Standard error, by way of what each line goes through. */
function destination(render: Render | null, beforeLine?: () => void): DestinationStream {
  const stderr = standardError();
  const inJournal = isJournal(2, process.env);
  if (!render && !inJournal) return stderr;
  const through = {
    // Pino then says the level of each line before it hands it over.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      const text = render ? render(line) : line;
      beforeLine?.();
      const level = pino.levels.labels[through.lastLevel] ?? 'info';
      stderr.write(inJournal ? withPriority(text, level) : text);
    },
  };
  return through;
}

/**
 * What is said in one turn of the event loop is written together at its end, or at the end of the
 * program: the last words are not lost.
 */
function standardError(): DestinationStream {
  const stderr = pino.destination({ fd: 2, sync: true, maxLength: MOST_UNWRITTEN_BYTES });
  // A log that cannot be written is no reason to stop working.
  stderr.on('error', () => {});
  let said = '';
  const flush = () => {
    const lines = said;
    said = '';
    if (lines !== '') stderr.write(lines);
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (said === '') setImmediate(flush);
      said += line;
    },
  };
}

async function prettyRenderer(baseFields: readonly string[]): Promise<Render> {
  // Loaded only here: a service, which logs JSON, starts without it.
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    colorize: process.stderr.isTTY === true && !process.env.NO_COLOR,
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss',
    ignore: baseFields.join(','),
    singleLine: true,
  });
}
