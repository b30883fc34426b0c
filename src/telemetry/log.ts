import pino, { type Logger } from 'pino';

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
export async function createLog({ level, format, ...fields }: LogOptions): Promise<Log> {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  return pino(
    {
      level,
      base: fields,
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? await prettyStream(Object.keys(fields)) : pino.destination({ fd: 2, sync: true }),
  );
}

async function prettyStream(baseFields: readonly string[]): Promise<NodeJS.WritableStream> {
  // Loaded only here: a service, which logs JSON, starts without it.
  const { PinoPretty } = await import('pino-pretty');
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
