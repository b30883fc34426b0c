/** `node bench/listing.ts DIRECTORY`: lists a directory, looks at each file, and nothing else. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const directory = process.argv[2] ?? '';
for (const name of readdirSync(directory)) lstatSync(join(directory, name));
