import type { Answer } from './app.ts';
import type { Check } from './check.ts';

/** The checks by what is asked. */
export type Checks = {
  /** Whether the program works at all: where not, a restart helps. */
  live: readonly Check[];
  /** Whether it can take intents now. */
  ready: readonly Check[];
  /** Whether it has come up. */
  started: readonly Check[];
};

export type HealthOptions = {
  checks(): Checks;
  about(): { service: string; version: string; instance: string };
};

/** Answers of the health port, by path. */
export function healthAnswers({ checks, about }: HealthOptions): Record<string, Answer> {
  const answer = (choose: (all: Checks) => readonly Check[]): Answer => {
    return async () => {
      const results = await Promise.all(choose(checks()).map((check) => check.result()));
      const passed = results.every(({ state }) => state === 'pass');
      const body = { status: passed ? 'pass' : 'fail', ...about(), checks: results };
      return new Response(`${JSON.stringify(body)}\n`, {
        status: passed ? 200 : 503,
        headers: { 'Content-Type': 'application/json' },
      });
    };
  };
  const live = answer((all) => all.live);
  const ready = answer((all) => all.ready);
  return {
    '/healthz': live,
    '/livez': live,
    '/readyz': ready,
    '/ready': ready,
    '/startup': answer((all) => all.started),
    '/health': answer((all) => [...all.live, ...all.started, ...all.ready]),
  };
}
