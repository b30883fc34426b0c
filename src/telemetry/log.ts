import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import pino, { type DestinationStream, type Logger } from 'pino';

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
 * a terminal.
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
    pretty ? await prettyStream([...Object.keys(fields), 'instance'], beforeLine) : turnStream(),
  );
}

/**
 * What is said in one turn of the event loop is written together at its end, or at the end of the
 * program: the last words are not lost.
 */
function turnStream(): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true });
  let lines = '';
  const flush = () => {
    const said = lines;
    lines = '';
    if (said !== '') destination.write(said);
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
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
