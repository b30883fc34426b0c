import type { PorchRequest } from './types.ts';

const onWindows = process.platform === 'win32';

const passedOn =
  /^(?:PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|KUBECONFIG|KUBERNETES_.*|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|SSL_CERT_FILE|SSL_CERT_DIR)$/s;
const passedOnByWindows = /^(?:SYSTEMROOT|PATHEXT|TEMP|USERPROFILE|APPDATA)$/;

/**
 * The environment of one run: the few variables of `base` that tools need, those that `porch_env`
 * names, and what tells porch about its intent. Ours win over variables of the same name, since by
 * `CONDUCTOR_RUN_ID` the run's processes are found again.
 */
export function porchEnvironment(
  request: PorchRequest,
  base: NodeJS.ProcessEnv,
): Record<string, string> {
  return {
    ...inherited(base, request.porchEnv),
    CONDUCTOR_INTENT_FILE: request.intentPath,
    CONDUCTOR_INTENT_SHA256: request.sha256,
    CONDUCTOR_CORRELATION_ID: request.correlationId,
    CONDUCTOR_ATTEMPT: String(request.attempt),
    CONDUCTOR_RUN_ID: request.runId,
  };
}

type Inherited = { base: NodeJS.ProcessEnv; names: string; environment: Record<string, string> };

let latest: Inherited | null = null;

/** What is passed on of `base`: worked out once, for it is the same for one run after another. */
function inherited(base: NodeJS.ProcessEnv, porchEnv: readonly string[]): Record<string, string> {
  const names = porchEnv.join();
  if (latest?.base === base && latest.names === names) return latest.environment;
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && isPassedOn(name, porchEnv)) environment[name] = value;
  }
  latest = { base, names, environment };
  return environment;
}

function isPassedOn(name: string, porchEnv: readonly string[]): boolean {
  if (!onWindows) return passedOn.test(name) || porchEnv.includes(name);
  // Names of Windows are the same in any case (Path, SystemRoot).
  const upper = name.toUpperCase();
  return (
    passedOn.test(upper) ||
    passedOnByWindows.test(upper) ||
    porchEnv.some((wanted) => wanted.toUpperCase() === upper)
  );
}
