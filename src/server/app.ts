/** What the apps of both ports have in common. */
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { RateLimit } from './rate-limit.ts';

/** Beside each request: the address that it came from. */
export type Env = { Bindings: { client: string } };

export type App = Hono<Env>;

export type AppOptions = {
  /** Null is without limit. */
  rateLimit: RateLimit | null;
  /** Told of a fault of ours in an answer. */
  faulty(error: Error): void;
};

/** Answers a GET of its path. */
export type Answer = (accept: string) => Promise<Response>;

/** An app that answers these paths and refuses everything else. */
export function createApp(
  answers: Readonly<Record<string, Answer>>,
  { rateLimit, faulty }: AppOptions,
): App {
  const app = new Hono<Env>();
  app.use(safeHeaders);
  app.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
  });
  app.use(async (context, next) => {
    const waitMs = rateLimit?.ask(context.env.client) ?? 0;
    if (waitMs === 0) return next();
    context.header('Retry-After', String(Math.ceil(waitMs / 1000)));
    return context.json({ error: 'too many requests' }, 429);
  });
  for (const [path, answer] of Object.entries(answers)) {
    app.get(path, (context) => answer(context.req.header('Accept') ?? ''));
    app.all(path, (context) => {
      context.header('Allow', 'GET, HEAD');
      return context.json({ error: 'only GET and HEAD are answered here' }, 405);
    });
  }
  const paths = Object.keys(answers);
  app.notFound((context) => context.json({ error: 'not found', paths }, 404));
  app.onError((error, context) => {
    faulty(error);
    return context.json({ error: 'conductor-loop itself is at fault' }, 500);
  });
  return app;
}

/** Nothing here is for browsers: none may frame, run, guess or keep any of it. */
const safeHeaders = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: 'DENY',
  // The ports speak plain HTTP.
  strictTransportSecurity: false,
});
