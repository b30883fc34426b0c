import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { readLockfile } from '../../packaging/lockfile.ts';
import { provenanceOf } from '../../packaging/provenance.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256 }) })),
  predicateType: z.literal('https://slsa.dev/provenance/v1'),
  predicate: z.object({
    buildDefinition: z.object({
      buildType: z.url(),
      externalParameters: z.object({ version: z.string(), targets: z.array(z.string()) }),
      resolvedDependencies: z.array(
        z.object({
          uri: z.string().optional(),
          name: z.string().optional(),
          digest: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
    runDetails: z.object({
      builder: z.object({ id: z.url(), version: z.record(z.string(), z.string()) }),
      metadata: z.object({
        invocationId: z.string(),
        startedOn: z.iso.datetime(),
        finishedOn: z.iso.datetime(),
      }),
    }),
  }),
});

const lockfile = readLockfile();
const build = {
  subjects: [{ name: 'conductor-loop-linux-amd64', sha256: 'a'.repeat(64) }],
  lockfile,
  lockfileSha256: 'b'.repeat(64),
  targets: ['linux-amd64'],
  source: { commit: 'c'.repeat(40), isChanged: false },
  began: new Date('2026-01-02T03:04:05Z'),
  ended: new Date('2026-01-02T03:05:00Z'),
};

test('the provenance names what was made, and each material with its digest', () => {
  const { subject, predicate } = schema.parse(provenanceOf(build));
  assert.deepEqual(subject, [
    { name: 'conductor-loop-linux-amd64', digest: { sha256: 'a'.repeat(64) } },
  ]);
  const [source, lock, ...packages] = predicate.buildDefinition.resolvedDependencies;
  assert.deepEqual(source, { name: 'source', digest: { gitCommit: 'c'.repeat(40) } });
  assert.deepEqual(lock, { uri: 'package-lock.json', digest: { sha256: 'b'.repeat(64) } });
  const expected = new Map(lockfile.packages.map(({ purl, sha512 }) => [purl, sha512]));
  assert.deepEqual(new Map(packages.map(({ uri, digest }) => [uri, digest.sha512])), expected);
  const { startedOn, finishedOn } = predicate.runDetails.metadata;
  assert.ok(startedOn < finishedOn);
});

test('it tells of changes that are in no commit, and of a source that is none', () => {
  const materialsWith = (source: { commit: string; isChanged: boolean } | null) =>
    schema.parse(provenanceOf({ ...build, source })).predicate.buildDefinition.resolvedDependencies;
  const [changed] = materialsWith({ commit: 'c'.repeat(40), isChanged: true });
  assert.match(changed?.annotations?.changed ?? '', /in no commit/);
  assert.equal(materialsWith(null)[0]?.uri, 'package-lock.json');
});
