import { contentTypes, type Format } from '../telemetry/exposition.ts';
import type { Answer } from './app.ts';

/** The answer of the metrics port, by path. Requests that come meanwhile share a scrape. */
export function metricsAnswers(
  render: (format: Format) => Promise<string>,
): Record<string, Answer> {
  const running = new Map<Format, Promise<string>>();
  const scrape = (format: Format) => {
    const shared = running.get(format) ?? render(format).finally(() => running.delete(format));
    running.set(format, shared);
    return shared;
  };
  return {
    '/metrics': async (accept) => {
      const format = /\bapplication\/openmetrics-text\b/i.test(accept)
        ? 'openmetrics'
        : 'prometheus';
      const headers = { 'Content-Type': contentTypes[format] };
      return new Response(await scrape(format), { headers });
    },
  };
}
