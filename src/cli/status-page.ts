import { formatDuration } from '../config/units.ts';
import type { Overview } from '../inspect/overview.ts';
import { errorCodes } from '../intent/codes.ts';
import { cleanControl } from '../telemetry/scrub.ts';
import { bold, dim, green, type Look, red, wrap, yellow } from './terminal.ts';

const COLUMN = 12;

/** Claims that a page lists; the JSON has more. */
const CLAIMS_SHOWN = 10;

/** The page of `conductor-loop status`: what is there, for a person at a terminal. */
export function statusPage(overview: Overview, look: Look): string[] {
  const verdict = overview.ok ? green('nothing is wrong', look) : red('look at this', look);
  return [
    `${bold(plain(overview.handoff), look)}  ${clock(overview.time)}  ${verdict}`,
    '',
    ...section('Instances', instanceLines(overview, look), look),
    ...section('Health', healthLines(overview, look), look),
    ...section('Waiting', [waitingLine(overview)], look),
    ...section('Claimed', claimedLines(overview, look), look),
    ...section('Filed', [filedLine(overview)], look),
    ...section('Rates', rateLines(overview, look), look),
    ...section('Failures', failureLines(overview, look), look),
    ...section('Problems', problemLines(overview, look), look),
  ];
}

/** Titles stand on the left, once. A section without lines is left out. */
export function section(title: string, lines: readonly string[], look: Look): string[] {
  return lines.map((line, index) => {
    const left = (index === 0 ? title : '').padEnd(COLUMN);
    return `${index === 0 ? bold(left, look) : left}${line}`;
  });
}

/** Names and messages come from outside: nothing in them may move the cursor. */
export function plain(text: string): string {
  return cleanControl(text).replace(/[\n\t]+/g, ' ');
}

/** A time as people here read it: that of the day, with the date where it was another day. */
export function clock(time: string, now = new Date()): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const hour = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return at.toDateString() === now.toDateString() ? hour : `${day} ${hour}`;
}

/** How long before another time, in whole seconds once it is one. */
export function age(since: string, until: string): string {
  const ms = Math.max(0, Date.parse(until) - Date.parse(since));
  return formatDuration(ms < 1000 ? Math.round(ms) : Math.floor(ms / 1000) * 1000);
}

const count = (value: number): string => value.toLocaleString('en-US');

function instanceLines({ instances, time }: Overview, look: Look): string[] {
  if (instances.length === 0) return ['none runs'];
  const width = Math.max(...instances.map(({ name }) => plain(name).length));
  return instances.map(({ name, state, host, pid, since, claimed }) => {
    const paint = state === 'alive' ? green : state === 'dead' ? red : yellow;
    const who = pid === null ? '' : `  pid ${pid} on ${plain(host ?? '')}`;
    const when = since === null ? '' : `, since ${clock(since)} (${age(since, time)})`;
    const left = state === 'alive' || claimed === 0 ? '' : `, ${claimed} claimed files left`;
    const shown = `${plain(name).padEnd(width)}  ${paint(state.padEnd(7), look)}`;
    return `${shown}${who}${when}${left}`.trimEnd();
  });
}

function healthLines({ health }: Overview, look: Look): string[] {
  if (health === null) return [];
  const { state, message, url, checks } = health;
  const paint = state === 'pass' ? green : state === 'fail' ? red : yellow;
  const failing = checks.filter((check) => check.state === 'fail');
  return [
    `${paint(state, look)}  ${plain(message)}  ${dim(plain(url), look)}`,
    ...failing.map(({ name, message }) => `${red(plain(name), look)}  ${plain(message)}`),
  ];
}

function waitingLine({ waiting, time }: Overview): string {
  const { oldest } = waiting;
  if (oldest === null) return count(waiting.count);
  const dropped = `dropped ${age(oldest.since, time)} ago`;
  return `${count(waiting.count)}, the oldest ${dropped}: ${plain(oldest.name)}`;
}

function claimedLines({ claimed, time }: Overview, look: Look): string[] {
  const shown = claimed.intents.slice(0, CLAIMS_SHOWN);
  const width = Math.max(0, ...shown.map(({ name }) => plain(name).length));
  const lines = shown.map(({ name, instance, since, attempt }) => {
    const run = since === null ? '' : `, attempt ${attempt}, for ${age(since, time)}`;
    return `${plain(name).padEnd(width)}  ${dim(`by ${plain(instance)}${run}`, look)}`;
  });
  const left = claimed.count - shown.length;
  return [count(claimed.count), ...lines, ...(left > 0 ? [`and ${count(left)} more`] : [])];
}

function filedLine({ filed }: Overview): string {
  return `${count(filed.processed)} in processed, ${count(filed.failed)} in failed`;
}

function rateLines({ rates }: Overview, look: Look): string[] {
  const cells = rates.map(({ minutes, succeeded, failed, skipped }) => {
    return [`last ${minutes}m`, count(succeeded), count(failed), count(skipped)];
  });
  const row = (name: string, index: number) => {
    return name.padEnd(11) + cells.map((cell) => (cell[index] ?? '').padStart(11)).join('');
  };
  const names = ['', 'succeeded', 'failed', 'skipped'];
  return names.map((name, index) => (index === 0 ? dim(row(name, 0), look) : row(name, index)));
}

function failureLines({ failures }: Overview, look: Look): string[] {
  return failures.flatMap(({ name, time, code, message }) => {
    const what = `${code ?? ''} ${titleOf(code ?? '')}`.trim() || 'failed';
    const head = `${clock(time)}  ${red(what, look)}  ${plain(name)}`;
    return [head, ...wrap(plain(message), look.width - COLUMN - 2).map((line) => `  ${line}`)];
  });
}

/** Empty for a code that a later version may have written. */
export function titleOf(code: string): string {
  const known = Object.entries(errorCodes).find(([one]) => one === code);
  return known?.[1] ?? '';
}

function problemLines({ problems }: Overview, look: Look): string[] {
  return problems.flatMap((line) => wrap(plain(line), look.width - COLUMN));
}
