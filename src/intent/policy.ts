import type { ValueProblem } from './issues.ts';
import type { Intent } from './schema.ts';
import type { CheckLimits } from './types.ts';

/** The namespaces of the cluster itself, which no intent may touch unless the settings name them. */
const systemNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** What in an intent that keeps to the schema is against policy. */
export function policyProblems(intent: Intent, limits: CheckLimits): ValueProblem[] {
  return [...replicaProblems(intent), ...namespaceProblems(intent, limits)];
}

/** Constraints can only narrow: the schema has held the replicas to the limit of the settings. */
function replicaProblems({ replicas, constraints }: Intent): ValueProblem[] {
  const least = constraints?.min_replicas ?? 0;
  const most = constraints?.max_replicas ?? Number.POSITIVE_INFINITY;
  if (least > most) {
    return [
      {
        code: 'E004',
        message: `min_replicas is ${least}, more than max_replicas, which is ${most}`,
        mend: 'make constraints.min_replicas at most constraints.max_replicas',
        path: ['constraints', 'min_replicas'],
        at: 'value',
      },
    ];
  }
  if (replicas >= least && replicas <= most) return [];
  const [bound, limit] =
    replicas < least
      ? (['fewer than constraints.min_replicas', least] as const)
      : (['more than constraints.max_replicas', most] as const);
  return [
    {
      code: 'E004',
      message: `${replicas} replicas are ${bound}, which is ${limit}`,
      mend: 'change replicas, or the constraint',
      path: ['replicas'],
      at: 'value',
    },
  ];
}

function namespaceProblems(intent: Intent, limits: CheckLimits): ValueProblem[] {
  const { namespace } = intent;
  const problems: ValueProblem[] = [];
  if (systemNamespaces.has(namespace) && !limits.systemNamespaces.includes(namespace)) {
    problems.push({
      code: 'E004',
      message: `namespace ${namespace} belongs to the cluster itself`,
      mend: 'name another namespace, or have the operator allow this one in system_namespaces',
      path: ['namespace'],
      at: 'value',
    });
  }
  const allowed = intent.constraints?.allowed_namespaces;
  if (allowed !== undefined && !allowed.includes(namespace)) {
    problems.push({
      code: 'E004',
      message: `namespace "${namespace.slice(0, 40)}" is not in constraints.allowed_namespaces`,
      mend: 'name one of the allowed namespaces, or add this one to them',
      path: ['namespace'],
      at: 'value',
    });
  }
  return problems;
}
