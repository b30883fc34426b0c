import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accept, intentText, limits, refuse, title } from './helpers.ts';

const accepted = [
  { constraints: { min_replicas: 3, max_replicas: 3 } },
  { constraints: { max_replicas: 5000 } },
  { constraints: { allowed_namespaces: ['x', 'oran-sim'] } },
  { namespace: 'kube-systems' },
];

const refused: [changes: Record<string, unknown>, message: RegExp, path: string][] = [
  [{ constraints: { min_replicas: 4 } }, /3 replicas are fewer .* is 4$/, '$.replicas'],
  [{ constraints: { max_replicas: 2 } }, /3 replicas are more .* is 2$/, '$.replicas'],
  [
    { constraints: { min_replicas: 5, max_replicas: 2 } },
    /min_replicas is 5, more than/,
    '$.constraints.min_replicas',
  ],
  [{ constraints: { allowed_namespaces: ['x'] } }, /"oran-sim" is not in/, '$.namespace'],
  [{ constraints: { allowed_namespaces: [] } }, /"oran-sim" is not in/, '$.namespace'],
  [{ namespace: 'kube-system' }, /belongs to the cluster/, '$.namespace'],
  [{ namespace: 'kube-public' }, /belongs to the cluster/, '$.namespace'],
  [{ namespace: 'kube-node-lease' }, /belongs to the cluster/, '$.namespace'],
];

describe('policy', () => {
  for (const changes of accepted) {
    it(`accepts ${title(changes)}`, () => void accept(intentText(changes)));
  }

  for (const [changes, message, path] of refused) {
    it(`refuses ${title(changes)}`, () => {
      const { refusals, count } = refuse(intentText(changes));
      assert.deepEqual([refusals[0].code, refusals[0].path, count], ['E004', path, 1]);
      assert.match(refusals[0].message, message);
      assert.equal(refusals[0].mayPass, false);
    });
  }

  it('lets system namespaces pass where the limits name them', () => {
    const wide = { ...limits, systemNamespaces: ['kube-system'] };
    assert.equal(accept(intentText({ namespace: 'kube-system' }), wide).namespace, 'kube-system');
    assert.equal(refuse(intentText({ namespace: 'kube-public' }), wide).refusals[0].code, 'E004');
  });

  it('does not let constraints raise the limit of the settings', () => {
    const raised = intentText({ replicas: 101, constraints: { max_replicas: 200 } });
    assert.equal(refuse(raised).refusals[0].code, 'E003');
  });

  it('says all that is against it', () => {
    const constraints = { max_replicas: 1, allowed_namespaces: ['x'] };
    const { refusals } = refuse(intentText({ namespace: 'kube-system', constraints }));
    const paths = refusals.map(({ path }) => path);
    assert.deepEqual(paths, ['$.namespace', '$.namespace', '$.replicas']);
  });
});
