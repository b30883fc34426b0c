import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { boundConnections } from './connections.ts';
import type { Fetch, Listener, ListenOptions } from './listen.ts';

/** Answers under way get this long at the end. */
const LAST_ANSWERS_MS = 200;

/** Opens a port with Node's own server. */
export async function listenNode(fetch: Fetch, options: ListenOptions): Promise<Listener> {
  const { address, port, timeoutMs, keepAliveMs, maxConnections, maxHeaderSize } = options;
  const answer = getRequestListener(
    (request, { incoming }) => fetch(request, { client: incoming.socket.remoteAddress ?? '' }),
    {
      // A request of HTTP/1.0 need not say whom it is for.
      hostname: isIPv6(address) ? `[${address}]` : address,
      overrideGlobalObjects: false,
      errorHandler: () => new Response('the request cannot be understood\n', { status: 400 }),
    },
  );
  const server = createServer(
    {
      maxHeaderSize,
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, timeoutMs / 2),
    },
    answer,
  );
  server.timeout = Math.max(timeoutMs, keepAliveMs);
  boundConnections(server, maxConnections);
  server.listen(port, address);
  // Rejects with the error of a port that cannot be opened.
  await once(server, 'listening');
  return { port: portOf(server), close: () => close(server) };
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
  await closed;
  clearTimeout(timer);
}
