import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accept, intentText, intentWith, limits, refuse, title } from './helpers.ts';

type Changes = Record<string, unknown>;

const object = { a: [1, { b: null }] };
const accepted: Changes[] = [
  { correlation_id: undefined },
  { intent_type: 'deployment' },
  { intent_type: 'configuration' },
  { replicas: 0 },
  { replicas: 100 },
  { target: 'a.b-c.0' },
  { target: 'a'.repeat(253) },
  { namespace: 'a'.repeat(63) },
  { reason: 'é'.repeat(512) },
  { reason: '😀'.repeat(512) },
  { description: 'x'.repeat(1024) },
  { source: '' },
  { correlation_id: 'aA0_-'.repeat(25) },
  { correlation_id: '' },
  { priority: 0 },
  { priority: 10 },
  { timeout: '1h30m' },
  { metadata: object },
  { created_at: '2024-02-29T23:59:59Z' },
  { updated_at: '2024-08-15T10:30:00.123456789+05:30' },
  { status: 'pending' },
  { status: object },
  { target_resources: ['deployment/x', object] },
  { nephio_context: object },
  { constraints: {} },
  { constraints: { max_replicas: 5000, porch_repository: 'edge' } },
  { constraints: { kpt_package_name: 'Not_A_Name' } },
];

const refused: [changes: Changes, message: RegExp, path: string][] = [
  [{ intent_type: undefined }, /the key "intent_type" is missing/, '$.intent_type'],
  [{ target: undefined }, /the key "target" is missing/, '$.target'],
  [{ namespace: undefined }, /the key "namespace" is missing/, '$.namespace'],
  [{ replicas: undefined }, /the key "replicas" is missing/, '$.replicas'],
  [{ intent_type: 'Scaling' }, /"scaling", .* found "Scaling"$/, '$.intent_type'],
  [{ replicas: 'three' }, /from 0 to 100, found "three"$/, '$.replicas'],
  [{ replicas: -1 }, /found -1$/, '$.replicas'],
  [{ replicas: 101 }, /from 0 to 100, found 101$/, '$.replicas'],
  [{ replicas: 2.5 }, /found 2.5$/, '$.replicas'],
  [{ replicas: null }, /found null$/, '$.replicas'],
  [{ replicas: true }, /found true$/, '$.replicas'],
  [{ replicas: 1e300 }, /found 1e\+300$/, '$.replicas'],
  [{ replicas: [1, 2] }, /found an array of 2$/, '$.replicas'],
  [{ target: 'CNF' }, /DNS-1123 .* found "CNF"$/, '$.target'],
  [{ target: '' }, /found ""$/, '$.target'],
  [{ target: 'a-' }, /found "a-"$/, '$.target'],
  [{ target: 'a..b' }, /found "a..b"$/, '$.target'],
  [{ target: 'a\n' }, /found "a "$/, '$.target'],
  [{ target: '../../etc' }, /found "..\/..\/etc"$/, '$.target'],
  [{ target: 'a'.repeat(254) }, /found "a{39}…" \(254 characters\)$/, '$.target'],
  [{ namespace: 'a.b' }, /DNS label.* found "a.b"$/, '$.namespace'],
  [{ namespace: 'a'.repeat(64) }, /\(64 characters\)$/, '$.namespace'],
  [{ reason: 'é'.repeat(513) }, /at most 512 .*\(513 characters\)$/, '$.reason'],
  [{ description: 'é'.repeat(1025) }, /at most 1024/, '$.description'],
  [{ source: 'Planner' }, /"user", .* found "Planner"$/, '$.source'],
  [{ source: null }, /found null$/, '$.source'],
  [{ correlation_id: 'a b' }, /letters, .* found "a b"$/, '$.correlation_id'],
  [{ correlation_id: 'a'.repeat(129) }, /at most 128/, '$.correlation_id'],
  [{ priority: 11 }, /found 11$/, '$.priority'],
  [{ priority: -1 }, /found -1$/, '$.priority'],
  [{ priority: 1.5 }, /found 1.5$/, '$.priority'],
  [{ priority: 'urgent' }, /"low", .* found "urgent"$/, '$.priority'],
  [{ priority: 'toString' }, /found "toString"$/, '$.priority'],
  [{ priority: null }, /found null$/, '$.priority'],
  [{ timeout: '30' }, /with its unit, .* found "30"$/, '$.timeout'],
  [{ timeout: 30 }, /found 30$/, '$.timeout'],
  [{ timeout: '-5s' }, /found "-5s"$/, '$.timeout'],
  [{ timeout: '' }, /found ""$/, '$.timeout'],
  [{ metadata: 'x' }, /an object, found "x"$/, '$.metadata'],
  [{ metadata: [] }, /found an array of 0$/, '$.metadata'],
  [{ created_at: '2023-02-29T00:00:00Z' }, /RFC 3339/, '$.created_at'],
  [{ created_at: '2024-08-15' }, /RFC 3339/, '$.created_at'],
  [{ updated_at: '2024-08-15T10:30:00' }, /RFC 3339/, '$.updated_at'],
  [{ status: 5 }, /or an object, found 5$/, '$.status'],
  [{ target_resources: ['a', 5] }, /found 5$/, '$.target_resources[1]'],
  [{ target_resources: Array(1001).fill('a') }, /at most 1000/, '$.target_resources'],
  [{ nephio_context: '' }, /found ""$/, '$.nephio_context'],
  [{ constraints: [] }, /an object/, '$.constraints'],
  [{ constraints: { min_replicas: -1 } }, /from 0/, '$.constraints.min_replicas'],
  [{ constraints: { max: 3 } }, /unknown key "max"/, '$.constraints.max'],
  [
    { constraints: { allowed_namespaces: ['a', 'B'] } },
    /a namespace: .* found "B"$/,
    '$.constraints.allowed_namespaces[1]',
  ],
  [
    { constraints: { kpt_package_name: 'x'.repeat(254) } },
    /at most 253/,
    '$.constraints.kpt_package_name',
  ],
  [{ replica: 3 }, /unknown key "replica"/, '$.replica'],
  [{ 'a\u001b b': 3 }, /unknown key "a\\\\x1b b"/, '$["a\\\\x1b b"]'],
];

describe('the schema accepts', () => {
  for (const changes of accepted) it(title(changes), () => void accept(intentText(changes)));

  it('numbers however they are written', () => {
    assert.ok(Object.is(accept(intentText().replace('3', '-0')).replicas, 0));
    assert.equal(accept(intentText().replace('3', '3.0')).replicas, 3);
    assert.equal(accept(intentText().replace('3', '0.3e1')).replicas, 3);
    assert.ok(Object.is(accept(intentWith('"priority":-0.0')).priority, 0));
  });

  it('priorities by name, and 5 where there is none', () => {
    const priorityOf = (priority?: unknown) => accept(intentText({ priority })).priority;
    const named = ['low', 'normal', 'high', 'critical', undefined].map(priorityOf);
    assert.deepEqual(named, [2, 5, 8, 10, 5]);
  });

  it('a timeout, in milliseconds', () => {
    assert.equal(accept(intentText({ timeout: '1m30s' })).timeout, 90_000);
    assert.equal(accept(intentText({ timeout: '1ns' })).timeout, 1);
  });

  it('more replicas where the limits say so', () => {
    const wide = { ...limits, maxReplicas: 500 };
    assert.equal(accept(intentText({ replicas: 500 }), wide).replicas, 500);
    assert.match(refuse(intentText({ replicas: 501 }), wide).refusals[0].message, /from 0 to 500/);
  });

  it('__proto__ in metadata without letting it become the prototype', () => {
    const { metadata } = accept(intentWith('"metadata":{"__proto__":{"evil":1},"a":1}'));
    assert.deepEqual(Object.keys(metadata ?? {}), ['a']);
    assert.equal(Object.getPrototypeOf(metadata), Object.prototype);
  });
});

describe('the schema refuses', () => {
  for (const [changes, message, path] of refused) {
    it(title(changes), () => {
      const { refusals, count, correlationId } = refuse(intentText(changes));
      const [first] = refusals;
      assert.deepEqual([first.code, first.path, count], ['E003', path, 1]);
      assert.match(first.message, message);
      assert.equal(first.mayPass, false);
      if (!('correlation_id' in changes)) assert.equal(correlationId, 'scale-2024-001');
    });
  }

  it('unknown keys, naming the nearest that is known', () => {
    const mendOf = (key: string) => refuse(intentWith(`"${key}":1`)).refusals[0].mend;
    assert.match(mendOf('metdata'), /write "metadata"/);
    assert.match(mendOf('createdAt'), /write "created_at"/);
    assert.match(mendOf('xyzzy'), /keys known here are .*intent_type.*replicas/);
    const { refusals } = refuse(intentText({ constraints: { max_replica: 3 } }));
    assert.match(refusals[0].mend, /write "max_replicas"/);
  });
});
