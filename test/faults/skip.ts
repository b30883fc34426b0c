import { env } from 'node:process';

/**
 * Says that this machine forbids what a test needs; the test returns after it. With CI_STRICT=1,
 * where the machine was made for these tests, it throws instead.
 */
export function forbidden(name: string, reason: string): void {
  if (env.CI_STRICT === '1') throw new Error(`${name} cannot be tried here: ${reason}`);
  console.log(`SKIPPED ${name}: ${reason.trim().replaceAll(/\s*\n\s*/g, ' | ')}`);
}
