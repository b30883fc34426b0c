/** What bears the name of an intent and is no plain file of its own: links, devices, directories… */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Case, intent, marker, type Place } from './case.ts';

/** A good intent that nobody may read. */
export const secret = intent({ description: `"${marker}"` });

/** What links lead to, made before the first case. */
export function makeTargets(outside: string): { files: string[]; all: string[] } {
  const at = (name: string) => join(outside, name);
  mkdirSync(at('directory'));
  execFileSync('mkfifo', [at('fifo')]);
  const files = ['secret.json', 'directory/intent-in.json', 'chained.json'].map(at);
  for (const file of files) writeFileSync(file, secret);
  symlinkSync(at('chained.json'), at('chain'));
  return { files, all: [...files, at('fifo'), at('directory')] };
}

type Make = (place: Place) => void | Promise<void>;

/** A link, by where it leads. */
const link = (target: (place: Place) => string): Make => {
  return (place) => symlinkSync(target(place), place.path);
};
const outside = (name: string) => link((place) => join(place.outside, name));

const node = (...device: string[]): Make => {
  return ({ path }) => void execFileSync('mknod', [path.toString(), ...device]);
};

const written = (after: (path: Buffer, place: Place) => void): Make => {
  return (place) => {
    writeFileSync(place.path, secret);
    after(place.path, place);
  };
};
const sparse = (bytes: number) => written((path) => truncateSync(path.toString(), bytes));
const dated = (seconds: number) => written((path) => utimesSync(path, seconds, seconds));
const mode = (bits: number) => written((path) => chmodSync(path, bits));

const directory = (...within: string[]): Make => {
  return ({ path }) => {
    mkdirSync(path);
    for (const name of within) writeFileSync(join(path.toString(), name), secret);
  };
};

async function socket({ path }: Place): Promise<void> {
  const server = createServer();
  // Node removes the name that it made; the file that was renamed stays.
  const made = `${path}.s`;
  server.listen(made);
  await once(server, 'listening');
  renameSync(made, path);
  server.close();
  await once(server, 'close');
}

const gigabyte = 2 ** 30;

const kinds: readonly (readonly [string, Make, Case['expected'], 'root'?])[] = [
  ['link to a good intent', outside('secret.json'), 'E014'],
  ['link to a link', outside('chain'), 'E014'],
  ['link to a FIFO', outside('fifo'), 'E014'],
  ['link to a directory', outside('directory'), 'E014'],
  ['link to nothing', link(() => 'nowhere'), 'E014'],
  ['link upwards', link(() => '../outside/secret.json'), 'E014'],
  ['link to the root', link(() => '/'), 'E014'],
  ['link to /etc/shadow', link(() => '/etc/shadow'), 'E014'],
  ['link to /dev/zero', link(() => '/dev/zero'), 'E014'],
  ['link to /dev/stdin', link(() => '/dev/stdin'), 'E014'],
  ['link to our memory', link(() => '/proc/self/mem'), 'E014'],
  ['link to the state', link(({ handoff }) => join(handoff, '.conductor-state.json')), 'E014'],
  ['link to a status', link(() => 'status/intent-good-0.json.status'), 'E014'],
  ['link to itself', link(() => 'intent-kind-13.json'), 'E014'],
  ['link of 4,000 bytes', link(() => './'.repeat(2000)), 'E014'],
  ['FIFO', ({ path }) => void execFileSync('mkfifo', [path.toString()]), 'E014'],
  ['socket', socket, 'E014'],
  ['/dev/null', node('c', '1', '3'), 'E014', 'root'],
  ['/dev/zero', node('c', '1', '5'), 'E014', 'root'],
  ['block device', node('b', '7', '0'), 'E014', 'root'],
  ['hard link to a file elsewhere', hardLink, 'E014'],
  [
    'file with a second name elsewhere',
    written((path) => linkSync(path, `${path}.second`)),
    'E014',
  ],
  ['directory', directory(), 'left'],
  ['directory with an intent in it', directory('intent-a.json'), 'left'],
  ['directory that nobody may enter', closedDirectory, 'left'],
  ['mode 0000', mode(0), 'E016'],
  ['mode 0200', mode(0o200), 'E016'],
  ['mode 4755', mode(0o4755), 'accepted'],
  ['mode 0777', mode(0o777), 'accepted'],
  ['a gigabyte with a hole', sparse(gigabyte), 'E002'],
  ['another gigabyte', sparse(gigabyte + 1), 'E002'],
  ['64 gigabytes', sparse(64 * gigabyte), 'E002'],
  ['a megabyte of hole behind it', sparse(2 ** 20), 'E001'],
  ['of 1970', dated(0), 'accepted'],
  ['of before 1970', dated(-86_400), 'accepted'],
  ['of 2100', dated(4_102_444_800), 'accepted'],
  ['of 2400', dated(13_569_465_600), 'accepted'],
];

function hardLink({ path, outside }: Place): void {
  const other = join(outside, 'linked.json');
  writeFileSync(other, secret);
  linkSync(other, path);
}

function closedDirectory({ path }: Place): void {
  mkdirSync(path);
  chmodSync(path, 0);
}

export const kindCases: readonly Case[] = kinds.map(([label, make, expected, who], index) => ({
  label: `kind: ${label}`,
  name: Buffer.from(`intent-kind-${index}.json`),
  make,
  expected,
  ...(who === 'root' ? { needsRoot: true } : {}),
}));
