/**
 * `node bench/reference.ts HANDOFF OUT`: what the disk has to do for a backlog and nothing else. The
 * system calls of the program with the embedded porch, in its order and with its shared syncs, in a
 * plain loop: no checks, no queue, no threads, no history.
 */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { renameNoReplace, syncFileSystem } from '../src/platform/index.ts';

/** As many packages share their syncs in the program. */
const SHARED = 64;

const [handoff = '', out = ''] = process.argv.slice(2);
const directories = {
  inflight: join(handoff, '.inflight'),
  processed: join(handoff, 'processed'),
  status: join(handoff, 'status'),
};
const intent = z.object({ namespace: z.string(), target: z.string() });

/** About as long as the real ones. */
const files = { Kptfile: 640, 'README.md': 730, 'kustomization.yaml': 260, 'patch.yaml': 140 };
const contents = Object.entries(files).map(([name, bytes]) => [name, 'x'.repeat(bytes)] as const);
const statusText = 's'.repeat(520);
const recordText = `${'r'.repeat(950)}\n`;

type Claimed = { name: string; package: string; fresh: string };

function claim(name: string): Claimed {
  const path = join(handoff, name);
  read(path);
  const claimed = join(directories.inflight, name);
  renameNoReplace(path, claimed);
  fs.lstatSync(claimed);
  const { namespace, target } = intent.parse(JSON.parse(read(claimed)));
  const place = join(out, namespace, target);
  return { name, package: place, fresh: join(out, namespace, `.${target}.new`) };
}

function read(path: string): string {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fstatSync(fd);
    return fs.readFileSync(fd, 'utf8');
  } finally {
    fs.closeSync(fd);
  }
}

function writeFresh({ package: place, fresh }: Claimed): void {
  fs.mkdirSync(dirname(place), { recursive: true });
  fs.mkdirSync(fresh);
  for (const [name, content] of contents) {
    fs.writeFileSync(join(fresh, name), content, { flag: 'wx', mode: 0o644 });
  }
}

function file({ name }: Claimed): void {
  const status = join(directories.status, `${name}.status`);
  fs.writeFileSync(`${status}.tmp`, statusText);
  fs.renameSync(`${status}.tmp`, status);
  renameNoReplace(join(directories.inflight, name), join(directories.processed, name));
}

for (const path of Object.values(directories)) fs.mkdirSync(path);
const journal = fs.openSync(join(handoff, '.journal'), 'w');
const names = fs.readdirSync(handoff).filter((name) => name.endsWith('.json'));
for (let from = 0; from < names.length; from += SHARED) {
  const batch = names.slice(from, from + SHARED).map(claim);
  for (const one of batch) writeFresh(one);
  syncFileSystem(out);
  for (const one of batch) fs.renameSync(one.fresh, one.package);
  syncFileSystem(out);
  fs.writeSync(journal, recordText.repeat(batch.length));
  fs.fdatasyncSync(journal);
  for (const one of batch) file(one);
}
