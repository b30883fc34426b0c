import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Many requests sent at once would be answered into memory, whether anybody reads or not. */
const REQUESTS_A_CONNECTION = 100;

/**
 * Keeps a server to so many connections. A new one takes the place of the one that has been idle
 * longest, so that whoever opens thousands and says nothing keeps nobody out who has a question; while
 * none is idle, the new one is closed. After a hundred answers a connection is closed as well.
 */
export function boundConnections(server: Server, max: number): void {
  /** Connections without a request under way: those idle longest stand first. */
  const idle = new Set<Socket>();
  const states = new WeakMap<Socket, { asked: number; underWay: number }>();
  let open = 0;
  // What comes after it gets 503 from Node, which would keep the connection for all that.
  server.maxRequestsPerSocket = REQUESTS_A_CONNECTION;
  server.on('connection', (socket: Socket) => {
    open++;
    idle.add(socket);
    states.set(socket, { asked: 0, underWay: 0 });
    socket.once('close', () => {
      open--;
      idle.delete(socket);
    });
    if (open <= max) return;
    const [longest] = idle;
    longest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    const state = states.get(socket);
    if (!state) return;
    const count = ++state.asked;
    state.underWay++;
    idle.delete(socket);
    response.once('close', () => {
      state.underWay--;
      if (count >= REQUESTS_A_CONNECTION) socket.destroySoon();
      else if (state.underWay === 0 && !socket.destroyed) idle.add(socket);
    });
  });
}
