/** `node bench/scraper.ts PORT`: asks for the metrics each second, as Prometheus may, and says `.` for each answer. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const [port] = process.argv.slice(2);
for (;;) {
  const begun = performance.now();
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    await answer.text();
    if (answer.ok) process.stdout.write('.');
  } catch {
    // The program is just starting, or has ended.
  }
  await delay(Math.max(0, 1000 - (performance.now() - begun)));
}
