import process from 'node:process';
import { isJournal, withPriority } from '../systemd/journal.ts';

/** How text is to look on a stream. */
export type Look = {
  /** Columns to fill, 80 to 100. */
  width: number;
  /** The stream shows colours and the user has not forbidden them. */
  colour: boolean;
};

export function lookOf(stream: { isTTY?: boolean; columns?: number }): Look {
  const isTerminal = stream.isTTY === true;
  const forbidden = (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb';
  return {
    width: Math.min(100, Math.max(80, stream.columns ?? 80)),
    colour: isTerminal && !forbidden,
  };
}

export function bold(text: string, look: Look): string {
  return look.colour ? `\x1b[1m${text}\x1b[22m` : text;
}

export function dim(text: string, look: Look): string {
  return look.colour ? `\x1b[2m${text}\x1b[22m` : text;
}

export function red(text: string, look: Look): string {
  return look.colour ? `\x1b[31m${text}\x1b[39m` : text;
}

export function green(text: string, look: Look): string {
  return look.colour ? `\x1b[32m${text}\x1b[39m` : text;
}

export function yellow(text: string, look: Look): string {
  return look.colour ? `\x1b[33m${text}\x1b[39m` : text;
}

/** Breaks text at spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line += (line === '' ? '' : ' ') + word;
    }
  }
  return [...lines, line];
}

/** A reader who has seen enough (`| head`) is no error: what is still to be written is dropped. */
export function endQuietlyWhenUnread(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

export function writeOut(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line to the user about what is wrong or odd. */
export function complain(line: string): void {
  const text = `conductor-loop: ${line}\n`;
  process.stderr.write(isJournal(2, process.env) ? withPriority(text, 'error') : text);
}
