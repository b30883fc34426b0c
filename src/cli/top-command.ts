import process from 'node:process';
import type { Settings } from '../config/settings.ts';
import { formatDuration } from '../config/units.ts';
import { Observer } from '../inspect/overview.ts';
import { readDuration } from './flag-values.ts';
import type { CommandDescription } from './flags.ts';
import { pauseMs } from './repeat.ts';
import { hasScreen, Screen } from './screen.ts';
import { runSpoolCommand } from './spool-command.ts';
import {
  intervalFlag,
  statusExitCodes,
  statusSettings,
  tellStatus,
  usualInterval,
} from './status-command.ts';
import { statusPage } from './status-page.ts';
import { lookOf } from './terminal.ts';
import { TopView } from './top-view.ts';

/** A page can be scrolled, so it may tell more of them than `status`. */
const FAILURES = 50;

export const topDescription: CommandDescription = {
  name: 'top',
  usage: 'top [flags]',
  description:
    'draws what status says over and over. Keys: q or Ctrl-C quits, r looks at once, p pauses, arrows, j, k, page keys, g and G scroll. Where there is no terminal it is status -watch.',
  settings: statusSettings,
  own: [intervalFlag],
  operands: 'none',
  exitCodes: statusExitCodes,
};

/** `conductor-loop top`: gives the exit code. Throws ConfigError. */
export function top(args: readonly string[]): Promise<number> {
  return runSpoolCommand(topDescription, args, (given) => {
    const intervalMs = readDuration('interval', given.interval ?? usualInterval);
    return (settings) => {
      if (hasScreen()) return new Top(settings, intervalMs).run();
      return tellStatus(settings, { json: false, watch: true, intervalMs, failures: 5 });
    };
  });
}

/** The live page: looks every interval, draws after each look and each key. */
class Top {
  readonly #observer: Observer;
  readonly #intervalMs: number;
  readonly #view = new TopView();
  readonly #screen: Screen;
  readonly #end = Promise.withResolvers<number>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #ended = false;
  #exitCode = 0;

  constructor(settings: Settings, intervalMs: number) {
    this.#observer = new Observer(settings, FAILURES);
    this.#intervalMs = intervalMs;
    this.#screen = new Screen({
      key: (key) => {
        const command = this.#view.press(key, this.#screen.rows);
        if (command === 'quit') this.#quit();
        else if (command === 'refresh') this.#look();
        else if (command === 'pause' && !this.#view.paused) this.#look();
        this.#draw();
      },
      resized: () => this.#draw(),
      ended: () => this.#quit(),
    });
  }

  /** Gives the exit code of the latest status. Throws what is no matter of the spool. */
  async run(): Promise<number> {
    this.#screen.open();
    try {
      this.#look();
      return await this.#end.promise;
    } finally {
      this.#ended = true;
      clearTimeout(this.#timer);
      this.#screen.close();
    }
  }

  #quit(): void {
    this.#end.resolve(this.#exitCode);
  }

  /** One look at a time; the next one is due when it has ended. */
  #look(): void {
    if (this.#looking) return;
    clearTimeout(this.#timer);
    this.#looking = true;
    const begun = performance.now();
    this.#lookOnce()
      .then(() => {
        this.#looking = false;
        if (this.#ended) return;
        const wait = pauseMs(this.#intervalMs, performance.now() - begun);
        this.#timer = setTimeout(() => this.#tick(), wait);
      })
      .catch(this.#end.reject);
  }

  #tick(): void {
    if (!this.#view.paused) this.#look();
  }

  async #lookOnce(): Promise<void> {
    const overview = await this.#observer.look();
    this.#exitCode = overview.ok ? 0 : 2;
    this.#view.show(statusPage(overview, lookOf(process.stdout)));
    this.#draw();
  }

  #draw(): void {
    const look = lookOf(process.stdout);
    this.#screen.draw(this.#view.frame(this.#screen.rows, formatDuration(this.#intervalMs), look));
  }
}
