import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import type { Intent } from '../../intent/schema.ts';
import { toYaml } from './yaml.ts';

/** Ours are far smaller; what is larger is not ours, and not worth reading. */
const kptfileLimitBytes = 64 * 1024;

/**
 * The Kptfile of a package. It also remembers, as annotations, which intent wrote it; annotations
 * because label values hold 63 characters of a small alphabet. It has no pipeline, so that
 * `kpt fn render` needs neither containers nor network.
 * Source: https://github.com/kptdev/kpt/blob/main/pkg/api/kptfile/v1/types.go; `local-config` is
 * what `kpt pkg init` sets (https://github.com/kptdev/kpt/pull/2933).
 */
export function kptfile(intent: Intent, name: string): string {
  return toYaml({
    apiVersion: 'kpt.dev/v1',
    kind: 'Kptfile',
    metadata: {
      name: name,
      annotations: {
        'config.kubernetes.io/local-config': 'true',
        'conductor-loop/intent-type': intent.intent_type,
        'conductor-loop/namespace': intent.namespace,
        'conductor-loop/target': intent.target,
        'conductor-loop/replicas': String(intent.replicas),
        'conductor-loop/priority': String(intent.priority),
        ...annotation('reason', intent.reason),
        ...annotation('source', intent.source),
        ...annotation('correlation-id', intent.correlation_id),
        ...annotation('porch-repository', intent.constraints?.porch_repository),
      },
    },
    info: {
      description:
        intent.description ||
        `Sets Deployment ${intent.namespace}/${intent.target} to ${intent.replicas} replicas.`,
    },
  });
}

const annotation = (name: string, text: string | undefined) =>
  text ? { [`conductor-loop/${name}`]: text } : {};

/** What the Kptfile of a package tells of the intent that wrote it. */
export type PackageRecord = {
  name: string;
  namespace: string;
  target: string;
  replicas: number;
};

/** As namespaces and targets are; also a file name that leads nowhere else. */
const dnsName = /^[a-z0-9][a-z0-9.-]{0,252}$/;

const record = z.pipe(
  z.object({
    apiVersion: z.literal('kpt.dev/v1'),
    kind: z.literal('Kptfile'),
    metadata: z.object({
      name: z.string().check(z.regex(dnsName)),
      annotations: z.object({
        'conductor-loop/namespace': z.string().check(z.regex(dnsName)),
        'conductor-loop/target': z.string().check(z.regex(dnsName)),
        'conductor-loop/replicas': z.string().check(z.regex(/^\d{1,9}$/)),
      }),
    }),
  }),
  z.transform(({ metadata: { name, annotations } }) => ({
    name,
    namespace: annotations['conductor-loop/namespace'],
    target: annotations['conductor-loop/target'],
    replicas: Number(annotations['conductor-loop/replicas']),
  })),
);

/** Reads the record of the package in `dir`; null where there is none, or none that can be read. */
export function readPackageRecord(dir: string): PackageRecord | null {
  try {
    const text = readBounded(join(dir, 'Kptfile'));
    return text === null ? null : record.parse(parse(text, { maxAliasCount: 0 }));
  } catch {
    return null;
  }
}

/** O_NONBLOCK: opening a FIFO that somebody put there must not wait for a writer. */
function readBounded(path: string): string | null {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(kptfileLimitBytes + 1);
    const length = readSync(fd, buffer);
    return length > kptfileLimitBytes ? null : buffer.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
