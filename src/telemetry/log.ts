import pino, { type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type Log = Logger;

export type LogOptions = {
  level: string;
  format: 'auto' | 'json' | 'pretty';
  service: string;
  version: string;
  environment: string;
  instance: string;
};

/**
 * The program's log: one JSON object a line on standard error, or lines for a person where that is
 * a terminal. Written synchronously, so that the last words before an end are not lost.
 */
export function createLog({ level, format, ...fields }: LogOptions): Log {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  return pino(
    {
      level,
      base: fields,
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? prettyStream(Object.keys(fields)) : pino.destination({ fd: 2, sync: true }),
  );
}

function prettyStream(baseFields: readonly string[]): NodeJS.WritableStream {
  return PinoPretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY === true && !process.env.NO_COLOR,
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss',
    ignore: baseFields.join(','),
    singleLine: true,
  });
}
