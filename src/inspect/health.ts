import * as z from 'zod';
import type { Settings } from '../config/settings.ts';
import { formatDuration } from '../config/units.ts';

/** One check as the running instance reports it. */
const check = z.object({ name: z.string(), state: z.enum(['pass', 'fail']), message: z.string() });

const answer = z.looseObject({
  service: z.literal('conductor-loop'),
  status: z.enum(['pass', 'fail']),
  instance: z.string(),
  checks: z.array(check),
});

/** What the health port of the running instance says. */
export type Health = {
  url: string;
  /** `unknown`: nobody answers there, or something else than conductor-loop. */
  state: 'pass' | 'fail' | 'unknown';
  /** Who answered, or why nobody did. */
  message: string;
  checks: z.infer<typeof check>[];
};

/** What the settings say of the port. */
export type HealthPort = Pick<Settings['http'], 'enabled' | 'healthPort' | 'bindAddress'>;

/** So long an answer is waited for, unless somebody says otherwise. */
const USUAL_TIMEOUT_MS = 2000;
const LARGEST_BYTES = 256 * 1024;

/** Where the health of an instance on this host is told; null where the settings open no port. */
export function healthUrl(port: HealthPort): string | null {
  return port.enabled && port.healthPort !== 0 ? urlOf(port, '/health') : null;
}

/** The address of a path of the health port, for a program on this host. */
export function urlOf({ healthPort, bindAddress }: HealthPort, path: string): string {
  return `http://${reachable(bindAddress)}:${healthPort}${path}`;
}

/** An address that stands for all of a host's is asked on the loopback one. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

/** Asks for the health, and gives up after some time. Never throws. */
export async function askHealth(url: string, timeoutMs = USUAL_TIMEOUT_MS): Promise<Health> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    return judge(url, response, await textOf(response));
  } catch (error) {
    return {
      url,
      state: 'unknown',
      message: `not reachable: ${causeOf(error, timeoutMs)}`,
      checks: [],
    };
  }
}

function judge(url: string, { status }: Response, text: string): Health {
  const parsed = answer.safeParse(parse(text));
  if (!parsed.success) {
    const message = `what answers there (HTTP ${status}) is not conductor-loop`;
    return { url, state: 'unknown', message, checks: [] };
  }
  const { status: state, instance, checks } = parsed.data;
  return { url, state, message: `says ${instance}`, checks };
}

/** Another program may stand there, which goes on for ever. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > LARGEST_BYTES) break;
  }
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch says only that it failed; why, its cause does. */
function causeOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${formatDuration(timeoutMs)}`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
