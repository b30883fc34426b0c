/**
 * The error codes that statuses, logs and metrics carry, each with its short title.
 * They are part of the contract with operators: never renumbered, only added to.
 */
export const errorCodes = {
  E001: 'not JSON',
  E002: 'too large',
  E003: 'schema',
  E004: 'policy',
  E005: 'handoff not writable',
  E006: 'porch not found',
  E007: 'porch timeout',
  E008: 'porch not permitted',
  E009: 'state damaged',
  E010: 'queue full',
  E011: 'disk full',
  E012: 'ended the program again and again',
  E013: 'porch failed',
  E014: 'unsafe file',
  E015: 'not UTF-8',
  E016: 'unreadable',
} as const;

export type ErrorCode = keyof typeof errorCodes;
