import { didYouMean } from './kinds.ts';

// What we pass to porch, which is there when porch starts us again.
const passedToPorch = new Set([
  'CONDUCTOR_INTENT_FILE',
  'CONDUCTOR_INTENT_SHA256',
  'CONDUCTOR_CORRELATION_ID',
  'CONDUCTOR_ATTEMPT',
  'CONDUCTOR_RUN_ID',
  'CONDUCTOR_PORCH_FILE',
  'CONDUCTOR_OUT_DIR',
]);

/** The variable that names the configuration file, as the flag --config does. */
export const configVariable = 'CONDUCTOR_CONFIG';

/**
 * True for the variables that Kubernetes makes of every service in the namespace. A service named
 * conductor-metrics makes CONDUCTOR_METRICS_PORT=tcp://..., which must not be taken for a setting.
 * See https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function isServiceLink(name: string, value: string): boolean {
  if (/^CONDUCTOR_(LOOP_|SERVICE_|PORT$|PORT_)/.test(name)) return true;
  if (/^CONDUCTOR_.*_SERVICE_(HOST|PORT(_.*)?)$/.test(name)) return true;
  return (
    /^CONDUCTOR_.*_PORT_\d+_(TCP|UDP|SCTP)(_.*)?$/.test(name) ||
    (/^CONDUCTOR_.*_PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

/** A warning for each CONDUCTOR_ variable that means nothing here. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): string[] {
  return Object.entries(environment)
    .filter(
      ([name, value]) =>
        name.startsWith('CONDUCTOR_') &&
        !known.has(name) &&
        name !== configVariable &&
        !passedToPorch.has(name) &&
        !isServiceLink(name, value ?? ''),
    )
    .map(
      ([name]) => `environment ${name} is not a setting and is ignored${didYouMean(name, known)}`,
    );
}
