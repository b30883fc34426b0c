import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import * as z from 'zod';
import { renderPackage, UnrenderableIntent } from '../../src/porch/builtin/render.ts';
import { intentWith } from './builtin-support.ts';

const kptfileShape = z.strictObject({
  apiVersion: z.literal('kpt.dev/v1'),
  kind: z.literal('Kptfile'),
  metadata: z.strictObject({ name: z.string(), annotations: z.record(z.string(), z.string()) }),
  info: z.strictObject({ description: z.string() }),
});

const patchShape = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.strictObject({ replicas: z.int() }),
});

/** Reads as Kubernetes does: by the rules of YAML 1.1, where `on` and `1e3` are no strings. */
function document(files: ReadonlyMap<string, string>, name: string): unknown {
  return parse(files.get(name) ?? '', { version: '1.1' });
}

/** Strings that YAML, Markdown, templates and Go's readers are known to trip over. */
const traps = [
  'yes',
  'null',
  '~',
  '1e3',
  '2001-01-01',
  '@at',
  '- item',
  'key: value',
  '{{ template }}',
  '# comment',
  '*alias',
  '&anchor',
  '!tag',
  '%directive',
  '---\napiVersion: v1',
  'trailing \n\n',
  '\ttab',
  '"quoted"',
  "it's",
  'back\\slash \\n',
  '```\n</details>',
  '\u0000\u001b[31m\u007f\u0085\u009f',
  '\u2028\u2029\ufeff\ufffe\uffff',
  '😀 é',
];

test('a package for each type of intent: what it holds, and the values in it', () => {
  for (const intent_type of ['scaling', 'deployment', 'configuration'] as const) {
    const files = renderPackage(intentWith({ intent_type, replicas: 0 }), 'cnf-simulator');
    const patchName = `${intent_type}-patch.yaml`;
    assert.deepEqual([...files.keys()], ['Kptfile', 'kustomization.yaml', patchName, 'README.md']);
    assert.deepEqual(document(files, patchName), {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'cnf-simulator', namespace: 'oran-sim' },
      spec: { replicas: 0 },
    });
    assert.deepEqual(document(files, 'kustomization.yaml'), {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      metadata: {
        name: 'cnf-simulator',
        annotations: { 'config.kubernetes.io/local-config': 'true' },
      },
      resources: [patchName],
    });
    const { metadata } = kptfileShape.parse(document(files, 'Kptfile'));
    assert.equal(metadata.name, 'cnf-simulator');
    assert.equal(metadata.annotations['conductor-loop/intent-type'], intent_type);
    assert.equal(metadata.annotations['conductor-loop/replicas'], '0');
  }
});

test('every text of an intent reads back as it was', () => {
  const hostile = fc.oneof(
    fc.constantFrom(...traps),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
  );
  fc.assert(
    fc.property(hostile, hostile, hostile, (reason, description, repository) => {
      const files = renderPackage(
        intentWith({ reason, description, constraints: { porch_repository: repository } }),
        'cnf-simulator',
      );
      const { metadata, info } = kptfileShape.parse(document(files, 'Kptfile'));
      assert.equal(metadata.annotations['conductor-loop/reason'], reason);
      assert.equal(metadata.annotations['conductor-loop/porch-repository'], repository);
      assert.equal(info.description, description);
    }),
    { numRuns: 200, examples: traps.map((trap): [string, string, string] => [trap, trap, trap]) },
  );
});

test('names that YAML takes for something else stay names', () => {
  for (const name of ['on', 'no', '1e3', '007', '0x1f', '2001-01-01', 'null', '12.5']) {
    const namespace = name.replace('.', '-');
    const files = renderPackage(intentWith({ target: name, namespace }), name);
    const patch = patchShape.parse(document(files, 'scaling-patch.yaml'));
    assert.deepEqual(patch.metadata, { name, namespace });
    assert.equal(kptfileShape.parse(document(files, 'Kptfile')).metadata.name, name);
  }
});

test('the metadata of a configuration is one annotation of printable JSON', () => {
  const metadata = Object.fromEntries(traps.map((trap) => [trap, [trap, 1, null]]));
  const files = renderPackage(intentWith({ intent_type: 'configuration', metadata }), 'x');
  const patch = patchShape.parse(document(files, 'configuration-patch.yaml'));
  const { 'conductor-loop/metadata': json = '', ...others } = patch.metadata.annotations ?? {};
  assert.deepEqual(others, {});
  assert.deepEqual(JSON.parse(json), metadata);
  assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/);
  const scaling = renderPackage(intentWith({ metadata }), 'x');
  assert.equal(
    patchShape.parse(document(scaling, 'scaling-patch.yaml')).metadata.annotations,
    undefined,
  );
});

test('no file holds a character that YAML 1.2 does not print, nor a line of the intent of its own', () => {
  const text = `${traps.join(' ')}\nINJECTED: true`;
  const intent = intentWith({ reason: text, description: text, intent_type: 'configuration' });
  for (const [name, content] of renderPackage({ ...intent, metadata: { [text]: text } }, 'x')) {
    assert.doesNotMatch(
      content,
      /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\ufeff/u,
      name,
    );
    assert.doesNotMatch(content, /^\s*INJECTED/m, name);
  }
});

test('a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD', () => {
  const files = renderPackage(intentWith({ reason: 'a\ud800b' }), 'x');
  const { annotations } = kptfileShape.parse(document(files, 'Kptfile')).metadata;
  assert.equal(annotations['conductor-loop/reason'], 'a\ufffdb');
});

test('the same intent gives the same bytes', () => {
  const intent = intentWith({
    reason: 'r',
    metadata: { b: 1, a: 2 },
    intent_type: 'configuration',
  });
  assert.deepEqual(renderPackage(intent, 'x'), renderPackage(structuredClone(intent), 'x'));
});

test('metadata that no annotation can hold is refused', () => {
  const metadata = { big: 'x'.repeat(200_000) };
  const intent = intentWith({ intent_type: 'configuration', metadata });
  assert.throws(() => renderPackage(intent, 'x'), UnrenderableIntent);
  assert.equal(renderPackage({ ...intent, intent_type: 'scaling' }, 'x').size, 4);
});
