import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { forbidden } from '../faults/skip.ts';
import { intentFor } from '../tools/porch.ts';
import { commandLine, until } from './harness.ts';
import { Spool } from './spool.ts';

const ROWS = 12;
const FOOTER = /q quit {2}r refresh {2}p pause/;

/** `script` of util-linux runs a command on a terminal of its own; other systems' takes other words. */
function canHaveTerminal(t: TestContext): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) return true;
  forbidden(t.name, 'there is no script of util-linux, which gives a program a terminal');
  return false;
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** `top` on a terminal of its own, which says after it how it was left. */
class Terminal {
  readonly #child: ChildProcess;
  #text = '';

  /** `whenLeft`: what the shell does when `top` ends or is suspended. */
  constructor(spool: Spool, whenLeft = '', first = '') {
    const words = [...commandLine(), 'top', '-interval', '100ms', '-handoff', spool.handoff];
    const run = words.map(quote).join(' ');
    const line = `${first} stty rows ${ROWS} cols 100; echo pid=$$; ${run}; ${whenLeft} echo code=$?; stty -a`;
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
  }

  get text(): string {
    return this.#text;
  }

  /** The lines of the latest whole picture. */
  get picture(): string[] {
    const [, picture = ''] = /.*\x1b\[H([\s\S]*?)\x1b\[J/s.exec(this.#text) ?? [];
    return picture.replace(/\x1b\[\d*[mK]/g, '').split(/\r+\n/);
  }

  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  until(condition: () => unknown, what: string): Promise<unknown> {
    return until(
      () => Boolean(condition()),
      what,
      () => this.#text.slice(-3000),
    );
  }

  /** Waits for the end, and gives the exit code of `top`. */
  async end(): Promise<number> {
    await this.until(() => /code=\d+\r?\n[\s\S]*-?echok/.test(this.#text), 'the end');
    return Number(/code=(\d+)/.exec(this.#text)?.[1]);
  }

  assertRestored(): void {
    const [, after = ''] = this.#text.split('code=');
    const before = this.#text.slice(0, this.#text.length - after.length);
    assert.ok(before.lastIndexOf('\x1b[?1049l') > before.lastIndexOf('\x1b[?1049h'), 'its page');
    assert.ok(before.lastIndexOf('\x1b[?25h') > before.lastIndexOf('\x1b[?25l'), 'the cursor');
    assert.ok(before.lastIndexOf('\x1b[?7h') > before.lastIndexOf('\x1b[?7l'), 'wrapping');
    assert.match(after, /[ ;]icanon/);
    assert.match(after, / echo /);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    // The terminal goes with it, and top with the terminal.
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

test('top draws the status live, scrolls, pauses, and leaves the terminal as it was', async (t) => {
  if (!canHaveTerminal(t)) return;
  await using spool = new Spool();
  for (const n of [1, 2, 3, 4])
    spool.drop(`intent-${n}.json`, intentFor('exit=7', { target: `t${n}` }));
  await spool.once();
  await using terminal = new Terminal(spool);
  const first = () => terminal.picture[0] ?? '';
  await terminal.until(() => first().includes(spool.handoff), 'the first picture');
  assert.equal(terminal.picture.length, ROWS);
  assert.match(terminal.picture.at(-1) ?? '', FOOTER);
  spool.drop('intent-new.json', intentFor(''));
  await terminal.until(() => terminal.picture.some((line) => /Waiting +1,/.test(line)), 'news');
  terminal.press('j');
  await terminal.until(() => first() === '', 'the second line on top');
  terminal.press('\x1b[B\x1b[B');
  await terminal.until(() => first().startsWith('Waiting'), 'the fourth line on top');
  terminal.press('k\x1b[A');
  await terminal.until(() => first() === '', 'the second line on top again');
  terminal.press('G');
  await terminal.until(() => /(\d+) of \1$/.test(terminal.picture.at(-1) ?? ''), 'the last line');
  terminal.press('g');
  await terminal.until(() => first().includes(spool.handoff), 'the first line');
  terminal.press('p');
  await terminal.until(() => terminal.picture.at(-1)?.includes('PAUSED'), 'the pause');
  spool.drop('intent-other.json', intentFor(''));
  const waiting = () => terminal.picture.find((line) => line.startsWith('Waiting')) ?? '';
  terminal.press('r');
  await terminal.until(() => /Waiting +2,/.test(waiting()), 'a look although it pauses');
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
  terminal.assertRestored();
});

test('Ctrl-C and a signal end top too, and the terminal is as it was', async (t) => {
  if (!canHaveTerminal(t)) return;
  await using spool = new Spool();
  {
    await using terminal = new Terminal(spool);
    await terminal.until(() => FOOTER.test(terminal.picture.at(-1) ?? ''), 'the first picture');
    terminal.press('\x03');
    assert.equal(await terminal.end(), 0);
    terminal.assertRestored();
  }
  await using terminal = new Terminal(spool);
  await terminal.until(() => FOOTER.test(terminal.picture.at(-1) ?? ''), 'the first picture');
  const shell = /pid=(\d+)/.exec(terminal.text)?.[1] ?? '';
  const [pid = ''] = spawnSync('pgrep', ['-P', shell], { encoding: 'utf8' }).stdout.split('\n');
  process.kill(Number(pid), 'SIGTERM');
  assert.equal(await terminal.end(), 0);
  terminal.assertRestored();
});

test('Ctrl-Z gives the terminal back until top goes on', async (t) => {
  if (!canHaveTerminal(t)) return;
  await using spool = new Spool();
  await using terminal = new Terminal(spool, 'echo SUSPENDED; stty -a; fg;', 'set -m;');
  await terminal.until(() => FOOTER.test(terminal.picture.at(-1) ?? ''), 'the first picture');
  terminal.press('\x1a');
  await terminal.until(() => /SUSPENDED[\s\S]*\x1b\[J/.test(terminal.text), 'the next picture');
  const [, suspended = ''] = /SUSPENDED([\s\S]*?)\x1b\[\?1049h/.exec(terminal.text) ?? [];
  assert.match(suspended, /[ ;]icanon/);
  assert.match(suspended, / echo /);
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
  terminal.assertRestored();
});

test('without a terminal top is status -watch', async () => {
  await using spool = new Spool();
  const program = spool.run(['top', '-interval', '100ms', '-handoff', spool.handoff]);
  const pages = () => program.stdout.split(spool.handoff).length - 1;
  await spool.until(() => pages() >= 2, 'two pages');
  assert.ok(!program.stdout.includes('\x1b'));
  assert.equal(await program.stop('SIGINT'), 0);
});
