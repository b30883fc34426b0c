import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { type Lockfile, root } from './lockfile.ts';

export type Subject = { name: string; sha256: string };

export type Build = {
  subjects: readonly Subject[];
  lockfile: Lockfile;
  /** SHA-256 of package-lock.json itself. */
  lockfileSha256: string;
  targets: readonly string[];
  source: Source | null;
  began: Date;
  ended: Date;
};

/** The commit that is checked out, and whether something was changed since. */
export type Source = { commit: string; isChanged: boolean };

function git(...args: string[]): string | null {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Null where the source is no checkout of git. */
export function sourceHere(): Source | null {
  const commit = git('rev-parse', 'HEAD');
  return commit === null ? null : { commit, isChanged: git('status', '--porcelain') !== '' };
}

/**
 * What was made of what, and by whom: a statement of in-toto with the provenance predicate of SLSA.
 * It is not signed; who builds for others signs it.
 */
export function provenanceOf(build: Build): object {
  const { lockfile, source } = build;
  const materials = lockfile.packages.map(({ purl, sha512 }) => [purl, { sha512 }] as const);
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: build.subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:conductor-loop:npm-run-package:v1',
        externalParameters: { version: lockfile.version, targets: build.targets },
        internalParameters: { platform: process.platform, arch: process.arch },
        resolvedDependencies: [
          ...(source ? [sourceDescriptor(source)] : []),
          { uri: 'package-lock.json', digest: { sha256: build.lockfileSha256 } },
          ...[...new Map(materials)].map(([uri, digest]) => ({ uri, digest })),
        ],
      },
      runDetails: {
        builder: {
          id: 'urn:conductor-loop:packaging',
          version: { 'conductor-loop': lockfile.version, node: process.versions.node },
        },
        metadata: {
          invocationId: `urn:uuid:${randomUUID()}`,
          startedOn: build.began.toISOString(),
          finishedOn: build.ended.toISOString(),
        },
      },
    },
  };
}

function sourceDescriptor({ commit, isChanged }: Source): object {
  return {
    name: 'source',
    digest: { gitCommit: commit },
    ...(isChanged
      ? { annotations: { changed: 'the build had changes that are in no commit' } }
      : {}),
  };
}
