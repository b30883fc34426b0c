import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { loadSettings } from '../../src/config/load.ts';
import { healthAnswers } from '../../src/server/health.ts';
import { version } from '../../src/version.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const dockerfile = readFileSync(fromRoot('deploy/container/Dockerfile'), 'utf8');

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const labels = z.record(z.string(), z.string());
const metadata = z.object({ name: z.string(), labels });

const container = z.object({
  image: z.string(),
  env: z.array(z.object({ name: z.string() })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  securityContext: z.object({
    readOnlyRootFilesystem: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
});

const deployment = z.object({
  kind: z.literal('Deployment'),
  metadata,
  spec: z.object({
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.object({
          runAsNonRoot: z.literal(true),
          runAsUser: z.number(),
          runAsGroup: z.number(),
        }),
        containers: z.tuple([container]),
        volumes: z.array(
          z.object({
            name: z.string(),
            configMap: z.object({ name: z.string() }).optional(),
            persistentVolumeClaim: z.object({ claimName: z.string() }).optional(),
          }),
        ),
      }),
    }),
  }),
});

const service = z.object({
  kind: z.literal('Service'),
  metadata,
  spec: z.object({
    selector: labels,
    ports: z.array(z.object({ name: z.string(), port: z.number(), targetPort: z.string() })),
  }),
});

const configMap = z.object({
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.object({ 'config.json': z.string() }),
});

const claim = z.object({ kind: z.literal('PersistentVolumeClaim'), metadata });

const [config, volume, deployed, served] = z.tuple([configMap, claim, deployment, service]).parse(
  parseAllDocuments(readFileSync(fromRoot('deploy/kubernetes/conductor-loop.yaml'), 'utf8'), {
    uniqueKeys: true,
  }).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  }),
);
const pod = deployed.spec.template.spec;
const [ours] = pod.containers;

const directory = mkdtempSync(join(tmpdir(), 'conductor-deploy-'));
after(() => rmSync(directory, { recursive: true }));

/** What the program makes of a configuration file, in Kubernetes or not. */
function settingsOf(name: string, text: string, environment: Record<string, string>) {
  const configPath = join(directory, name);
  writeFileSync(configPath, text);
  const loaded = loadSettings({ flags: {}, configPath, environment, directory });
  assert.deepEqual(loaded.warnings, []);
  return loaded.settings;
}

const inKubernetes = settingsOf('pod.json', config.data['config.json'], {
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
});

/** The rest of the line of the last instruction of that name in the Dockerfile. */
function instruction(name: string): string {
  return [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].at(-1)?.[1] ?? '';
}

const configFile = /CONDUCTOR_CONFIG=(\S+)/.exec(dockerfile)?.[1] ?? '';
const mounted = (name: string) =>
  ours.volumeMounts.find((mount) => mount.name === name)?.mountPath ?? 'nowhere';

test('probes and ports of the manifest are those that the program opens there', () => {
  const { enabled, healthPort, metricsPort, bindAddress } = inKubernetes.http;
  assert.deepEqual([enabled, bindAddress], [true, '0.0.0.0']);
  assert.deepEqual(ours.ports, [
    { name: 'health', containerPort: healthPort },
    { name: 'metrics', containerPort: metricsPort },
  ]);
  assert.deepEqual(served.spec.ports, [
    { name: 'health', port: healthPort, targetPort: 'health' },
    { name: 'metrics', port: metricsPort, targetPort: 'metrics' },
  ]);
  const nothing = {
    checks: () => ({ live: [], ready: [], started: [] }),
    about: () => ({ service: '', version: '', instance: '' }),
  };
  const answered = Object.keys(healthAnswers(nothing));
  const probes = [ours.startupProbe, ours.livenessProbe, ours.readinessProbe];
  assert.deepEqual(
    probes.map(({ httpGet }) => httpGet.path),
    ['/startup', '/livez', '/readyz'],
  );
  for (const { httpGet } of probes) {
    assert.ok(answered.includes(httpGet.path), httpGet.path);
    assert.equal(httpGet.port, 'health');
  }
});

test('the manifest allows the time that a stop may take', () => {
  const spare = pod.terminationGracePeriodSeconds - inKubernetes.shutdownGraceMs / 1000;
  assert.equal(spare, 15);
});

test('manifest and image agree on user, paths and version', () => {
  const { runAsUser, runAsGroup } = pod.securityContext;
  assert.equal(instruction('USER'), `${runAsUser}:${runAsGroup}`);
  assert.equal(ours.image, `conductor-loop:${version}`);
  assert.match(dockerfile, new RegExp(`^ARG VERSION=${version.replaceAll('.', '\\.')}$`, 'm'));
  assert.equal(configFile, join(mounted('config'), 'config.json'));
  assert.equal(mounted('spool'), instruction('VOLUME'));
  for (const path of [inKubernetes.handoff, inKubernetes.out]) {
    assert.ok(path.startsWith(`${mounted('spool')}/`), path);
  }
});

test('the configuration of the image opens its ports to the network of the container', () => {
  const text = readFileSync(fromRoot('deploy/container/config.json'), 'utf8');
  const { http, handoff, out, porch } = settingsOf('image.json', text, {});
  assert.deepEqual(instruction('EXPOSE').split(' ').map(Number), [
    http.healthPort,
    http.metricsPort,
  ]);
  assert.deepEqual([http.enabled, http.bindAddress], [true, '0.0.0.0']);
  assert.deepEqual([handoff, out], [inKubernetes.handoff, inKubernetes.out]);
  assert.equal(porch, inKubernetes.porch);
});

test('the parts of the manifest belong together', () => {
  const wanted = { 'app.kubernetes.io/name': 'conductor-loop' };
  for (const found of [
    deployed.spec.selector.matchLabels,
    deployed.spec.template.metadata.labels,
    served.spec.selector,
    ...[config, volume, deployed, served].map((part) => part.metadata.labels),
  ]) {
    assert.deepEqual(found, wanted);
  }
  const names = pod.volumes.map(({ name }) => name);
  assert.deepEqual(
    ours.volumeMounts.map(({ name }) => name),
    names,
  );
  const [first, second] = pod.volumes;
  assert.equal(first?.configMap?.name, config.metadata.name);
  assert.equal(second?.persistentVolumeClaim?.claimName, volume.metadata.name);
  assert.ok(ours.env.some(({ name }) => name === 'POD_NAME'));
});
