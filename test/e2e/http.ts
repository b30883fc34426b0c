import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { Program } from './harness.ts';
import type { Spool } from './spool.ts';

/** The system chooses both ports. */
export const anyPorts = ['-http', '-health-port', '0', '-metrics-port', '0'];

const health = z.strictObject({
  status: z.enum(['pass', 'fail']),
  service: z.literal('conductor-loop'),
  version: z.string(),
  instance: z.string(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(['pass', 'fail']),
      duration_ms: z.number(),
      message: z.string(),
    }),
  ),
});

export type Health = z.infer<typeof health>;

/** The open ports of a running program. */
export class Ports {
  readonly health: number;
  readonly metrics: number;

  private constructor(health: number, metrics: number) {
    this.health = health;
    this.metrics = metrics;
  }

  /** Waits until the program says which ports it has. */
  static async of(spool: Spool, program: Program): Promise<Ports> {
    const line = await spool.until(() => program.logged(/^health on /)[0], 'open ports');
    const found = z.object({ health_port: z.number(), metrics_port: z.number() }).parse(line);
    return new Ports(found.health_port, found.metrics_port);
  }

  /** Asks the health port; the connection is not kept. */
  ask(path: string, options: RequestInit = {}): Promise<Response> {
    const headers = { connection: 'close', ...Object(options.headers) };
    return fetch(`http://127.0.0.1:${this.health}${path}`, { ...options, headers });
  }

  /** What a health path says, and with which status code. */
  async look(path: string): Promise<Health & { code: number }> {
    const response = await this.ask(path);
    return { ...health.parse(await response.json()), code: response.status };
  }

  /** Waits until a health path answers with this status code, and gives what it says. */
  async becomes(path: string, code: number): Promise<Health> {
    let last: unknown;
    for (const end = performance.now() + 60_000; performance.now() < end; await delay(20)) {
      const found = await this.look(path);
      if (found.code === code) return found;
      last = found;
    }
    throw new Error(`${path} did not become ${code}: ${JSON.stringify(last)}`);
  }

  /** All samples by `name{labels}`, in the text format or in OpenMetrics. */
  async samples(accept = ''): Promise<Map<string, number>> {
    const headers = { connection: 'close', accept };
    const response = await fetch(`http://127.0.0.1:${this.metrics}/metrics`, { headers });
    return samplesOf(await response.text());
  }
}

export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}

/** Names of the checks that failed. */
export const failed = ({ checks }: Health): string[] => {
  return checks.filter(({ state }) => state === 'fail').map(({ name }) => name);
};

/** Sends bytes as they are, and gives everything that comes back until the other side closes. */
export async function exchange(port: number, text: string): Promise<string> {
  const socket = await connected(port);
  let answer = '';
  socket.setEncoding('latin1').on('data', (data: string) => {
    answer += data;
  });
  socket.write(text);
  // Not once(): a connection that is reset is closed, too.
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

/** A connection on which nothing is said; that it is cut is no error. */
export async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
