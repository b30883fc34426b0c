import type { Intent } from '../../intent/schema.ts';
import { kptfile } from './kptfile.ts';
import { type Mapping, printableJson, toYaml } from './yaml.ts';

/** Kubernetes takes 256 KiB of annotations an object; the rest is left to those it already has. */
const metadataLimitBytes = 128 * 1024;

/** An intent that the schema accepts and that cannot be made a package. */
export class UnrenderableIntent extends Error {}

/**
 * The files of the package for an intent: name to content. The same intent gives the same bytes.
 *
 * The patch names the Deployment and what is to change, and nothing else. It is a strategic merge
 * patch, and at the same time the one resource of the package, so that `kustomize build` and `kpt`
 * print it. A made-up base Deployment would give both more to print, and overwrite the image and
 * the labels of the real one when somebody applies it.
 *
 * Sources: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ (`resources`,
 * `patches`), https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 *
 * Throws UnrenderableIntent.
 */
export function renderPackage(intent: Intent, name: string): Map<string, string> {
  const patchName = `${intent.intent_type}-patch.yaml`;
  return new Map([
    ['Kptfile', kptfile(intent, name)],
    ['kustomization.yaml', kustomization(name, patchName)],
    [patchName, patch(intent)],
    ['README.md', readme(intent, name, patchName)],
  ]);
}

/** Names that files of a package may have, whichever intent wrote it. */
export const packageFileNames: ReadonlySet<string> = new Set([
  'Kptfile',
  'kustomization.yaml',
  'scaling-patch.yaml',
  'deployment-patch.yaml',
  'configuration-patch.yaml',
  'README.md',
]);

/** `local-config` keeps `kpt live apply` from sending the kustomization itself to the cluster. */
function kustomization(name: string, patchName: string): string {
  return toYaml({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    metadata: {
      name: name,
      annotations: { 'config.kubernetes.io/local-config': 'true' },
    },
    resources: [patchName],
  });
}

function patch(intent: Intent): string {
  const annotations = patchAnnotations(intent);
  return toYaml({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: intent.target,
      namespace: intent.namespace,
      ...(annotations ? { annotations } : {}),
    },
    spec: { replicas: intent.replicas },
  });
}

/**
 * A configuration's metadata goes to the Deployment under one key, as JSON. Its own keys are no
 * annotation names: some would change what kustomize, kpt and Kubernetes do with the object.
 * The JSON is printable because kustomize refuses an annotation that holds a control character.
 */
function patchAnnotations(intent: Intent): Mapping | null {
  if (intent.intent_type !== 'configuration' || intent.metadata === undefined) return null;
  const metadata = printableJson(intent.metadata);
  const bytes = Buffer.byteLength(metadata);
  if (bytes > metadataLimitBytes) {
    throw new UnrenderableIntent(
      `metadata is ${bytes} bytes as JSON and cannot become an annotation; at most ${metadataLimitBytes} can`,
    );
  }
  return { 'conductor-loop/metadata': metadata };
}

/** Text of the intent stands in an indented block as JSON strings, where Markdown reads nothing. */
function readme(intent: Intent, name: string, patchName: string): string {
  const told = [
    ['reason', intent.reason],
    ['description', intent.description],
    ['source', intent.source],
    ['correlation_id', intent.correlation_id],
    ['porch_repository', intent.constraints?.porch_repository],
  ]
    .filter(([, text]) => text !== undefined && text !== '')
    .map(([key, text]) => `    ${key}: ${printableJson(text)}`);
  return `# ${name}

Sets the Deployment \`${intent.target}\` in namespace \`${intent.namespace}\` to ${intent.replicas} replicas.
Written by conductor-loop from a ${intent.intent_type} intent. The next intent for this target
replaces the whole directory.

## Use

\`${patchName}\` holds only what changes: it needs a Deployment that exists.

- In a cluster: \`kubectl patch deployment ${intent.target} --namespace ${intent.namespace} --patch-file ${patchName}\`
- In the kustomization that holds the Deployment: name the file under \`patches\`
- To look at it: \`kustomize build .\` or \`kpt pkg tree .\`
${told.length > 0 ? `\n## Intent\n\n${told.join('\n')}\n` : ''}`;
}
