import { manDescription } from './descriptions.ts';
import { manPage } from './man-page.ts';
import { runPrinter } from './printer.ts';

/** `conductor-loop man`: gives the exit code. Throws ConfigError. */
export function man(args: readonly string[]): Promise<number> {
  return runPrinter(manDescription, args, manPage);
}
