/**
 * `node bench/entries.ts SNAPSHOT`: what it takes to have a history in memory and nothing else, each
 * line parsed and put into a map.
 */
import { createReadStream } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';

const entries = new Map<string, unknown>();
const input = createReadStream(process.argv[2] ?? '');
for await (const line of createInterface({ input })) {
  if (!line.startsWith('["')) continue;
  const [name, ...outcome] = JSON.parse(line.replace(/,$/, ''));
  entries.set(name, outcome);
}
