import { listenDeno } from './deno.ts';
import { listenNode } from './node.ts';

export type ListenOptions = {
  address: string;
  /** 0: the system chooses one. */
  port: number;
  timeoutMs: number;
  keepAliveMs: number;
  maxConnections: number;
  maxHeaderSize: number;
};

/** Answers a request that came from an address. */
export type Fetch = (request: Request, from: { client: string }) => Response | Promise<Response>;

/** A port that is open. */
export type Listener = { port: number; close(): Promise<void> };

/** Opens a port with the server of the runtime. Rejects with errno errors. */
export function listen(fetch: Fetch, options: ListenOptions): Promise<Listener> {
  return process.versions.deno === undefined
    ? listenNode(fetch, options)
    : listenDeno(fetch, options);
}
