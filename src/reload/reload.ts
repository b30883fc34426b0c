import { ConfigError } from '../config/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import { type Change, type Running, renew } from '../config/renew.ts';
import type { Settings, Surroundings } from '../config/settings.ts';
import { onHangup } from '../signals.ts';
import type { Service } from '../systemd/service.ts';
import type { Log } from '../telemetry/log.ts';
import { FileWatch, isPipe } from './file-watch.ts';

/** Where the settings of this program come from. */
export type ConfigSource = {
  /** The configuration file, where there is one. */
  file: string | undefined;
  surroundings: Surroundings;
  /** Reads flags, environment and file again. Throws ConfigError. */
  load(): LoadedSettings;
};

export type ReloadParts = {
  source: ConfigSource;
  loaded: LoadedSettings;
  /** What all parts read: its values are replaced. */
  settings: Settings;
  log: Log;
  service: Pick<Service, 'reloading' | 'reloaded'>;
};

/** Requests within this time are one. */
const GATHER_MS = 100;

/**
 * Takes new settings while the program runs: at SIGHUP, and when the content of the configuration
 * file is another. All parts read one settings object, so that replacing its values there is all;
 * the few parts that have to act on it are told which.
 */
export class Reload {
  readonly #parts: ReloadParts;
  readonly #fileWatch: FileWatch | null;
  #running: Running;
  #warned: ReadonlySet<string>;
  #changed: (keys: ReadonlySet<string>) => void = () => {};
  #unlisten = () => {};
  #timer: NodeJS.Timeout | undefined;
  /** Whether somebody waits for an answer. */
  #asked = false;
  #first = true;

  constructor(parts: ReloadParts) {
    const { source, loaded } = parts;
    this.#parts = parts;
    this.#running = loaded;
    this.#warned = new Set(loaded.warnings);
    this.#fileWatch =
      source.file === undefined ? null : new FileWatch(source.file, () => this.#soon());
  }

  begin(): void {
    this.#unlisten = onHangup(() => {
      this.#asked = true;
      this.#soon();
    });
    this.#fileWatch?.start();
  }

  /** From now on `changed` is told which settings have another value. */
  follow(changed: (keys: ReadonlySet<string>) => void): void {
    this.#changed = changed;
  }

  end(): void {
    this.#unlisten();
    this.#fileWatch?.stop();
    clearTimeout(this.#timer);
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#reload();
    }, GATHER_MS);
  }

  #reload(): void {
    const { log, service } = this.#parts;
    const isNews = this.#isNews;
    if (isNews) service.reloading();
    try {
      this.#take(this.#load());
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.error(
        { error_type: 'config' },
        `the configuration is not reloaded, all settings stay as they were: ${error.lines.join('; ')}`,
      );
    } finally {
      this.#asked = false;
      this.#first = false;
      if (isNews) service.reloaded();
    }
  }

  /** The first time is only to see what has changed since the settings were loaded. */
  get #isNews(): boolean {
    return this.#asked || !this.#first;
  }

  #load(): LoadedSettings {
    const { file, load } = this.#parts.source;
    if (file === undefined || !isPipe(file)) return load();
    throw new ConfigError([
      `configuration file ${file} is no regular file and can be read only once; start with a file to change it`,
    ]);
  }

  #take(next: LoadedSettings): void {
    const { source, log } = this.#parts;
    const { running, changed, needRestart } = renew(this.#running, next, source.surroundings);
    for (const warning of next.warnings) if (!this.#warned.has(warning)) log.warn(warning);
    this.#warned = new Set(next.warnings);
    if (changed.length > 0) this.#apply(running, changed);
    if (needRestart.length > 0) {
      log.warn(
        { needs_restart: keysOf(needRestart) },
        `a restart is needed for ${listed(needRestart)}; until then the old value is kept`,
      );
    }
    if (changed.length + needRestart.length === 0 && this.#isNews) {
      log.info(`configuration read again: no setting has another value${beatenBy(next)}`);
    }
  }

  #apply(running: Running, changed: readonly Change[]): void {
    const { settings, log } = this.#parts;
    const keys = keysOf(changed);
    const say = () => log.info({ changed: keys }, `configuration reloaded: ${listed(changed)}`);
    // It is said at the level that says more.
    const before = log.isLevelEnabled('info');
    if (before) say();
    this.#running = running;
    // The name that this instance got stays.
    Object.assign(settings, running.settings, { instance: settings.instance });
    log.level = settings.logLevel;
    if (!before) say();
    this.#changed(new Set(keys));
  }
}

const keysOf = (changes: readonly Change[]) => changes.map(({ key }) => key);

/** `debounce from 500ms to 1s, mode from direct to structured` */
function listed(changes: readonly Change[]): string {
  const shown = (value: string) => (value === '' ? 'nothing' : value);
  return changes
    .map(({ key, from, to }) => `${key} from ${shown(from)} to ${shown(to)}`)
    .join(', ');
}

/** Why something in the file may seem to be without effect. */
function beatenBy({ beaten }: LoadedSettings): string {
  return beaten.map(({ key, by }) => `; ${key} is set by ${by}, which beats the file`).join('');
}
