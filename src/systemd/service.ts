import { Notifier } from './notify.ts';

/** How often what is shown as status is looked at. */
const STATUS_MS = 2000;

/** Until it is ready, a start that goes on is given so much longer each time. */
const START_EXTENSION_USEC = 30_000_000;

/** What the service manager wants to know of the work that is under way. */
export type Health = {
  /** One line for a person. */
  status(): string;
  /** Resolves when the worker threads have answered; may reject where one has died. */
  ping(): Promise<unknown>;
};

/**
 * This program as a service of systemd: says when it is ready, how it is, and that it lives. Where
 * no service manager asks for it (NOTIFY_SOCKET is not set), nothing is done.
 */
export class Service {
  readonly #notifier: Notifier | null;
  readonly #watchdogMs: number | null;
  readonly #timers: NodeJS.Timeout[] = [];
  #health: Health | null = null;
  #status = '';
  #ready = false;
  #stopping = false;
  #asking = false;

  constructor(
    environment: Readonly<Record<string, string | undefined>>,
    report: (problem: string) => void,
  ) {
    const address = environment.NOTIFY_SOCKET ?? '';
    const isUsable = /^[/@]./.test(address);
    if (address !== '' && !isUsable) report(`NOTIFY_SOCKET=${address} is no Unix socket`);
    this.#notifier = isUsable ? new Notifier(address, report) : null;
    this.#watchdogMs = this.#notifier ? watchdogPeriodMs(environment, process.pid) : null;
  }

  begin(): void {
    if (!this.#notifier) return;
    this.#every(STATUS_MS, () => this.#tellStatus());
    if (this.#watchdogMs !== null) this.#every(this.#watchdogMs, () => void this.#tellAlive());
  }

  /** From now on this is what is told of. */
  follow(health: Health): void {
    this.#health = health;
  }

  /** The start is over. */
  ready(): void {
    if (this.#ready || this.#stopping) return;
    this.#ready = true;
    this.#tell('READY=1', ...this.#newStatus());
  }

  /** Settings are read again, until `reloaded`. */
  reloading(): void {
    if (this.#goesOn) this.#tell('RELOADING=1', ...monotonicClock());
  }

  reloaded(): void {
    if (this.#goesOn) this.#tell('READY=1', ...this.#newStatus());
  }

  stopping(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#tell('STOPPING=1', 'STATUS=stopping');
  }

  end(): void {
    this.stopping();
    for (const timer of this.#timers) clearInterval(timer);
  }

  get #goesOn(): boolean {
    return this.#ready && !this.#stopping;
  }

  #tell(...lines: string[]): void {
    this.#notifier?.send(lines);
  }

  #every(ms: number, action: () => void): void {
    this.#timers.push(setInterval(action, ms));
  }

  #tellStatus(): void {
    if (this.#notifier?.busy) return;
    const status = this.#newStatus();
    const extension = this.#ready ? [] : [`EXTEND_TIMEOUT_USEC=${START_EXTENSION_USEC}`];
    if (this.#stopping || status.length + extension.length === 0) return;
    this.#tell(...extension, ...status);
  }

  /** The line of the status, where it is another than the last one. */
  #newStatus(): string[] {
    const status = this.#health?.status() ?? 'starting';
    if (status === this.#status) return [];
    this.#status = status;
    return [`STATUS=${status}`];
  }

  /** A loop that does not turn does not come here; threads that do not answer keep us silent. */
  async #tellAlive(): Promise<void> {
    if (this.#asking || this.#notifier?.busy) return;
    this.#asking = true;
    try {
      await this.#health?.ping();
      this.#tell('WATCHDOG=1');
    } catch {
      // A thread that died has not answered; that is said, and seen to, where its work is waited for.
    } finally {
      this.#asking = false;
    }
  }
}

/** What systemd compares with its own clock is CLOCK_MONOTONIC: that of Node's hrtime, not of Deno's. */
function monotonicClock(): string[] {
  if (process.versions.deno !== undefined) return [];
  return [`MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`];
}

/** Half of what WATCHDOG_USEC allows between two signs of life; null where nobody waits for ours. */
export function watchdogPeriodMs(
  { WATCHDOG_USEC, WATCHDOG_PID }: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | null {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return null;
  const usec = /^\d{1,15}$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) : 0;
  return usec > 0 ? Math.max(1, Math.min(usec / 2000, 2 ** 31 - 1)) : null;
}
