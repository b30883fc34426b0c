import type { ErrorCode } from '../intent/codes.ts';
import type { Suspicion } from '../intent/suspicion.ts';
import type { Refusal } from '../intent/types.ts';

export type SecurityEvent = { event_type: string; severity: 'high' | 'medium' };

const bySuspicion: Record<Suspicion, SecurityEvent> = {
  command_injection: { event_type: 'command_injection', severity: 'high' },
  path_traversal: { event_type: 'path_traversal', severity: 'high' },
};

const byCode: Partial<Record<ErrorCode, SecurityEvent>> = {
  E004: { event_type: 'policy_violation', severity: 'medium' },
  E014: { event_type: 'unsafe_file', severity: 'high' },
};

/** Every event that there is. */
export const securityEvents: readonly SecurityEvent[] = [
  ...Object.values(bySuspicion),
  ...Object.values(byCode),
];

/** What a refusal means to those who look after security. */
export function eventsOf({ code, suspicion }: Refusal): SecurityEvent[] {
  const event = byCode[code];
  return [...(event ? [event] : []), ...(suspicion ? [bySuspicion[suspicion]] : [])];
}
