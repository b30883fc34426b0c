/** JSON whose values break the schema or the policy; traversal and injection in every field. */
import { type Case, contentCases, intent, type Row } from './case.ts';

const json = (value: unknown) => JSON.stringify(value);

/** What attackers write; a shell that saw one of the first would leave a file named `pwned`. */
export const payloads: readonly string[] = [
  '; touch pwned',
  '$(touch pwned)',
  '`touch pwned`',
  "a' && touch pwned '",
  '| tee pwned',
  '../../../etc/passwd',
  '/etc/passwd',
  '..\\..\\boot.ini',
  '%2e%2e%2fetc%2fpasswd',
  'a\u0000.yaml',
  'a\nb: c',
  '--out=/tmp',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '\x24{jndi:ldap://a/b}',
  '{{ .Values.x }}',
  '%s%n%x',
  '\u202egnp.exe',
  '\u0000',
];

/** Fields with a form of their own: none of the payloads has it. */
const formed = [
  'intent_type',
  'target',
  'namespace',
  'source',
  'correlation_id',
  'priority',
  'timeout',
  'created_at',
  'updated_at',
];

/** Fields of free text: what stands there is data, and is not acted on. */
const free: Record<string, (payload: string) => Record<string, string>> = {
  description: (payload) => ({ description: json(payload) }),
  status: (payload) => ({ status: json(payload) }),
  metadata: (payload) => ({ metadata: json({ [payload]: payload }) }),
  nephio_context: (payload) => ({ nephio_context: json({ a: { [payload]: payload } }) }),
  target_resources: (payload) => ({ target_resources: json([payload, { kind: payload }]) }),
  kpt_package_name: (payload) => ({ constraints: json({ kpt_package_name: payload }) }),
  porch_repository: (payload) => ({ constraints: json({ porch_repository: payload }) }),
};

const shown = (payload: string) => payload.replace(/[^ -~]/g, '?');

/** Each field meets some of the payloads, and each payload several fields. */
const injections: Row[] = formed.flatMap((field, index) => {
  return payloads
    .filter((_, at) => at % 3 === index % 3)
    .map(
      (payload): Row => [
        `${shown(payload)} in ${field}`,
        intent({ [field]: json(payload) }),
        'E003',
      ],
    );
});

const harmless: Row[] = Object.entries(free).flatMap(([field, changes], index) => {
  return payloads
    .filter((_, at) => at % 7 === index)
    .map((payload): Row => [`${shown(payload)} in ${field}`, intent(changes(payload)), 'accepted']);
});

const types: Row[] = ['null', '"3"', 'true', '[3]', '{}', '""'].flatMap((value): Row[] => [
  [`${value} as replicas`, intent({ replicas: value }), 'E003'],
  [`${value} as the whole`, value, 'E003'],
]);

const lengths: readonly Row[] = [
  ['target of 253', intent({ target: json(`${'a.'.repeat(126)}a`) }), 'accepted'],
  ['target of 254', intent({ target: json('a'.repeat(254)) }), 'E003'],
  ['namespace of 63', intent({ namespace: json('a'.repeat(63)) }), 'accepted'],
  ['namespace of 64', intent({ namespace: json('a'.repeat(64)) }), 'E003'],
  ['reason of 512 emoji', intent({ reason: json('😀'.repeat(512)) }), 'accepted'],
  ['reason of 513', intent({ reason: json('x'.repeat(513)) }), 'E003'],
  ['correlation_id of 128', intent({ correlation_id: json('x'.repeat(128)) }), 'accepted'],
  ['correlation_id of 129', intent({ correlation_id: json('x'.repeat(129)) }), 'E003'],
  ['description of 1024', intent({ description: json('x'.repeat(1024)) }), 'accepted'],
  ['description of 1025', intent({ description: json('x'.repeat(1025)) }), 'E003'],
];

const names: Row[] = [
  'Web',
  'web_1',
  '-web',
  'web-',
  'web.',
  '.web',
  'a..b',
  'web\n',
  'w\u0435b',
  '\uff57eb',
  'w\u200beb',
  'web ',
  '',
].map((target): Row => [`target ${shown(target)}`, intent({ target: json(target) }), 'E003']);

const rules: readonly Row[] = [
  ['an unknown kind', intent({ intent_type: '"delete"' }), 'E003'],
  ['no target', intent({ target: null }), 'E003'],
  ['replicas in the wrong case', intent({ replicas: null }, '"Replicas": 3'), 'E003'],
  ['a priority of 11', intent({ priority: '11' }), 'E003'],
  ['a priority named constructor', intent({ priority: '"constructor"' }), 'E003'],
  ['a timeout without its unit', intent({ timeout: '"30"' }), 'E003'],
  ['a timeout below zero', intent({ timeout: '"-1s"' }), 'E003'],
  ['a timeout of ages', intent({ timeout: `"${'9'.repeat(60)}h"` }), 'E003'],
  ['a 30th of February', intent({ created_at: '"2026-02-30T00:00:00Z"' }), 'E003'],
  ['metadata that is a list', intent({ metadata: '[]' }), 'E003'],
  [
    'a constraint that widens',
    intent({ replicas: '101', constraints: '{"max_replicas": 1000}' }),
    'E003',
  ],
  ['kube-system', intent({ namespace: '"kube-system"' }), 'E004'],
  ['kube-public', intent({ namespace: '"kube-public"' }), 'E004'],
  ['kube-node-lease', intent({ namespace: '"kube-node-lease"' }), 'E004'],
  ['more than its constraint', intent({ constraints: '{"max_replicas": 2}' }), 'E004'],
  ['fewer than its constraint', intent({ constraints: '{"min_replicas": 4}' }), 'E004'],
  [
    'constraints the wrong way round',
    intent({ constraints: '{"min_replicas": 4, "max_replicas": 2}' }),
    'E004',
  ],
  [
    'a namespace that it forbids',
    intent({ constraints: '{"allowed_namespaces": ["a", "b"]}' }),
    'E004',
  ],
  ['no namespace that it allows', intent({ constraints: '{"allowed_namespaces": []}' }), 'E004'],
];

export const valueCases: readonly Case[] = [
  ...contentCases('injection', injections),
  ...contentCases('free', harmless),
  ...contentCases('type', types),
  ...contentCases('length', lengths),
  ...contentCases('target', names),
  ...contentCases('rule', rules),
];
