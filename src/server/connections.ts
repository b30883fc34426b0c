import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps a server to so many connections. A new one takes the place of the one that has been idle
 * longest, so that whoever opens thousands and says nothing keeps nobody out who has a question; while
 * none is idle, the new one is closed.
 */
export function boundConnections(server: Server, max: number): void {
  /** Connections without a request under way: those idle longest stand first. */
  const idle = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open++;
    idle.add(socket);
    socket.once('close', () => {
      open--;
      idle.delete(socket);
    });
    if (open <= max) return;
    const [longest] = idle;
    longest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}
