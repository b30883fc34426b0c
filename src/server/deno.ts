import { setTimeout as delay } from 'node:timers/promises';
import type { Fetch, Listener, ListenOptions } from './listen.ts';

/** What is used of Deno, https://docs.deno.com/api/deno/~/Deno.serve */
type DenoServer = {
  addr: { port: number };
  shutdown(): Promise<void>;
  finished: Promise<void>;
};
declare const Deno: {
  serve(
    options: {
      hostname: string;
      port: number;
      signal: AbortSignal;
      onListen(): void;
      onError(): Response;
    },
    handler: (
      request: Request,
      info: { remoteAddr: { hostname: string } },
    ) => Response | Promise<Response>,
  ): DenoServer;
};

/** Answers under way get this long at the end. */
const LAST_ANSWERS_MS = 200;

/** Opens a port with Deno's own server, which has its own limits for what it bears. */
export async function listenDeno(
  fetch: Fetch,
  { address, port }: ListenOptions,
): Promise<Listener> {
  const end = new AbortController();
  const server = Deno.serve(
    {
      hostname: address,
      port,
      signal: end.signal,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
    },
    (request, { remoteAddr }) => fetch(request, { client: remoteAddr.hostname }),
  );
  const close = async () => {
    const ended = server.shutdown().then(() => true);
    // A server that has ended cannot be aborted any more.
    if (!(await Promise.race([ended, delay(LAST_ANSWERS_MS, false, { ref: false })]))) end.abort();
    await server.finished;
  };
  return { port: server.addr.port, close };
}
