import { ConfigError } from '../config/error.ts';
import { bashCompletion } from './completion/bash.ts';
import { type Catalogue, catalogue } from './completion/catalogue.ts';
import { fishCompletion } from './completion/fish.ts';
import { powershellCompletion } from './completion/powershell.ts';
import { zshCompletion } from './completion/zsh.ts';
import { completionDescription } from './descriptions.ts';
import { shells } from './flags.ts';
import { runPrinter } from './printer.ts';

const scripts: Record<(typeof shells)[number], (catalogue: Catalogue) => string> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/** `conductor-loop completion SHELL`: gives the exit code. Throws ConfigError. */
export function completion(args: readonly string[]): Promise<number> {
  return runPrinter(completionDescription, args, ([name, ...more]) => {
    const shell = shells.find((one) => one === name);
    if (shell === undefined || more.length > 0) {
      throw new ConfigError([`completion needs one shell: ${shells.join(', ')}`]);
    }
    return scripts[shell](catalogue());
  });
}
