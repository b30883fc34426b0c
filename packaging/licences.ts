import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { root } from './lockfile.ts';
import { targets } from './targets.ts';

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional(),
});

/** The directory of the package that a bundled file is of; undefined for our own files. */
function packageOf(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function sectionOf(directory: string): string {
  const text = readFileSync(join(root, directory, 'package.json'), 'utf8');
  const { name, version, license } = packageSchema.parse(JSON.parse(text));
  const texts = readdirSync(join(root, directory))
    .filter((file) => /^(licen[cs]e|notice|copying)\b/i.test(file))
    .sort()
    .map((file) => readFileSync(join(root, directory, file), 'utf8').trim());
  const title = `${name} ${version} (${license ?? 'see below'})`;
  return [title, '-'.repeat(title.length), '', ...texts, ''].join('\n');
}

/** The licences of everything that is in the bundle, and of Node, which is in the single binaries. */
export function thirdPartyLicences(bundled: Iterable<string>): string {
  const packages = new Set([...bundled].flatMap((file) => packageOf(file) ?? []));
  const sections = [...packages].sort().map(sectionOf);
  const node = targets
    .map(({ base }) => `node_modules/${base.package}`)
    .find((directory) => existsSync(join(root, directory, 'LICENSE')));
  if (node !== undefined) {
    sections.push(`In the single binaries only: Node.js, as it comes in\n${sectionOf(node)}`);
  }
  return `What conductor-loop is built with, and under which licences.\n\n${sections.join('\n')}`;
}
