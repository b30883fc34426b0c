/** Good intents, changed: in their keys and values, then in their bytes. */
import fc from 'fast-check';

/** Each a member as it is written: a key and a value, both JSON text. */
type Member = readonly [key: string, value: string];

const known: Record<string, readonly string[]> = {
  intent_type: ['"scaling"', '"deployment"', '"configuration"', '"Scaling"'],
  target: ['"web"', '"a.b-c.d"', '"a..b"', '"-a"', '"w\\u0065b"', `"${'a'.repeat(253)}"`],
  namespace: ['"default"', '"kube-system"', '"a.b"', `"${'n'.repeat(63)}"`, `"${'n'.repeat(64)}"`],
  replicas: ['0', '-0', '3', '100', '101', '1e2', '1e-400', '1e400', '3.0', '2.5', '"3"', '-1'],
  reason: ['""', '"x y"', `"${'😀'.repeat(512)}"`, `"${'😀'.repeat(513)}"`],
  source: ['""', '"user"', '"planner"', '"User"'],
  correlation_id: ['""', '"a-b_C9"', '"a b"', `"${'c'.repeat(129)}"`],
  priority: ['0', '10', '11', '5.0', '"low"', '"critical"', '"urgent"', '"constructor"', '-0'],
  timeout: [
    '"30s"',
    '"1h30m"',
    '"0"',
    '"+1.5s"',
    '" 1s "',
    '"30"',
    '"-1s"',
    '""',
    '".5m"',
    '"1µs"',
  ],
  description: ['""', '"\\ud800"', '"\\u0000"', '"\u2028"', `"${'d'.repeat(1025)}"`],
  metadata: ['{}', '{"a":1}', '{"a":1,"a":2}', '{"__proto__":1}', '{"a":[{"b":-1e400}]}', '[]'],
  created_at: ['"2026-01-31T12:00:00Z"', '"2024-02-29T23:59:59.5+01:00"', '"2026-02-29T00:00:00Z"'],
  updated_at: ['"2026-01-31T12:00:00-23:59"', '"2026-01-31"', '"2026-01-31t12:00:00z"', '0'],
  status: ['"done"', '{"a":1}', '[]', 'null'],
  target_resources: ['[]', '["a",{"b":1}]', '[5]', `[${'"a",'.repeat(1000)}"a"]`],
  nephio_context: ['{}', '{"x":{"y":[]}}', '""'],
  constraints: [
    '{}',
    '{"min_replicas":1,"max_replicas":5}',
    '{"max_replicas":2}',
    '{"min_replicas":6,"max_replicas":5}',
    '{"allowed_namespaces":["default"]}',
    '{"allowed_namespaces":["b","B"]}',
    '{"kpt_package_name":"../x","porch_repository":""}',
    '{"max_replicas":-0}',
    '{"unknown":1}',
  ],
};
const keys = Object.keys(known);
const base = ['intent_type', 'target', 'namespace', 'replicas'];

const member = fc.constantFrom(...keys).chain((key): fc.Arbitrary<Member> => {
  return fc.tuple(fc.constant(JSON.stringify(key)), fc.constantFrom(...(known[key] ?? [])));
});

const nested = fc.nat({ max: 34 }).map((levels) => `${'['.repeat(levels)}0${']'.repeat(levels)}`);
const anyValue = fc.oneof(
  fc.json({ maxDepth: 3 }),
  nested,
  fc.double().map(String),
  fc.constant(''),
);
const anyKey = fc.oneof(
  fc.constantFrom(...keys, '__proto__', 'constructor', '', 'Replicas').map((key) => `"${key}"`),
  fc.string({ unit: 'binary' }).map((key) => JSON.stringify(key)),
  fc.constantFrom('"repl\\u0069cas"', "'target'", 'target'),
);

/** What a member's key or value is replaced by, or a member that comes to the others. */
const change: fc.Arbitrary<(members: Member[], at: number) => Member[]> = fc.oneof(
  { weight: 6, arbitrary: member.map((one) => (members: Member[]) => withMember(members, one)) },
  {
    weight: 2,
    arbitrary: anyValue.map((value) => (members: Member[], at: number) => {
      return members.with(at, [members[at]?.[0] ?? '""', value]);
    }),
  },
  {
    weight: 1,
    arbitrary: anyKey.map((key) => (members: Member[], at: number) => {
      return members.with(at, [key, members[at]?.[1] ?? '0']);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(anyKey, anyValue).map((one) => (members: Member[]) => [...members, one]),
  },
  {
    weight: 1,
    arbitrary: fc.constant((members: Member[], at: number) => members.toSpliced(at, 1)),
  },
  { weight: 1, arbitrary: fc.constant((members: Member[]) => members.toReversed()) },
);

/** In the place of the one with its key, or behind the others. */
function withMember(members: Member[], one: Member): Member[] {
  const at = members.findIndex(([key]) => key === one[0]);
  return at === -1 ? [...members, one] : members.with(at, one);
}

const space = fc.constantFrom('', ' ', '\n', '\t', '\r\n', '\n  ');

/** Texts that are changed in their structure; most of them are still JSON. */
export const structural: fc.Arbitrary<Buffer> = fc
  .tuple(fc.array(fc.tuple(change, fc.nat()), { maxLength: 5 }), space, space)
  .map(([changes, before, after]) => {
    const good = base.map((key): Member => [JSON.stringify(key), known[key]?.[0] ?? '']);
    const members = changes.reduce((now, [apply, at]) => {
      return now.length === 0 ? now : apply(now, at % now.length);
    }, good);
    const written = members.map(([key, value]) => `${before}${key}${after}:${value}`);
    return Buffer.from(`{${written.join(',')}${after}}${before}`);
  });

type Edit = (bytes: Buffer, at: number, length: number) => Buffer;

const cutOut: Edit = (bytes, at, length) => {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
};
const truncate: Edit = (bytes, at) => bytes.subarray(0, at);
const repeat: Edit = (bytes, at, length) => {
  return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
};
const insert = (text: Buffer): Edit => {
  return (bytes, at) => Buffer.concat([bytes.subarray(0, at), text, bytes.subarray(at)]);
};
const flip = (bit: number): Edit => {
  return (bytes, at) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ (1 << bit);
    return copy;
  };
};

const tricky = ['\0', '"', '\\', '{', '}', '[', ']', ',', ':', '-', '0', 'e9', '\n', '\x1f', '//'];
const odd = ['\ufeff', '\u2028', '\u00a0', '\u{10ffff}', '\\u0000', '\\ud83d', '"a":1,', '[[[['];
const broken = ['\xff', '\xc0\x80', '\xed\xa0\x80', '\xe2\x82', '\x80'];
const inserted = fc.oneof(
  fc.constantFrom(...tricky, ...odd).map((text) => Buffer.from(text)),
  fc.constantFrom(...broken).map((text) => Buffer.from(text, 'latin1')),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.nat({ max: 7 }).map(flip),
  inserted.map(insert),
  fc.constantFrom(cutOut, truncate, repeat),
);

/** The same, changed in their bytes as well. */
export const bytewise: fc.Arbitrary<Buffer> = fc
  .tuple(
    structural,
    fc.array(fc.tuple(edit, fc.nat(), fc.nat({ max: 40 })), { minLength: 1, maxLength: 3 }),
  )
  .map(([bytes, edits]) => {
    return edits.reduce(
      (now, [apply, at, length]) => apply(now, at % (now.length + 1), length),
      bytes,
    );
  });

export const mutated: fc.Arbitrary<Buffer> = fc.oneof(structural, bytewise);
