import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';

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

/**
 * The program's log: one JSON object a line on standard error, or lines for a person where that is
 * a terminal. Written synchronously, so that the last words before an end are not lost.
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const { level, format, beforeLine, instance, ...fields } = options;
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  return pino(
    {
      level,
      base: fields,
      mixin: () => ({ instance: instance() }),
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty
      ? await prettyStream([...Object.keys(fields), 'instance'], beforeLine)
      : pino.destination({ fd: 2, sync: true }),
  );
}

async function prettyStream(
  baseFields: readonly string[],
  beforeLine?: () => void,
): Promise<NodeJS.WritableStream> {
  // Loaded only here: a service, which logs JSON, starts without it.
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({
    destination: new Writable({
      decodeStrings: false,
      write(line: string, _encoding, done) {
        beforeLine?.();
        writeSync(2, line);
        done();
      },
    }),
    colorize: process.stderr.isTTY === true && !process.env.NO_COLOR,
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss',
    ignore: baseFields.join(','),
    singleLine: true,
  });
}
