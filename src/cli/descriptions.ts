import { type CommandDescription, shells } from './flags.ts';
import { healthDescription } from './health-command.ts';
import { porchDescription } from './porch-command.ts';
import { retryDescription } from './retry-command.ts';
import { showDescription } from './show-command.ts';
import { statusDescription } from './status-command.ts';
import { topDescription } from './top-command.ts';
import { validateDescription } from './validate-command.ts';

// The two commands that tell of all the others are described here, for they need this list.

export const completionDescription: CommandDescription = {
  name: 'completion',
  usage: 'completion SHELL',
  description: `prints what makes a shell complete commands, flags and values: ${shells.join(', ')}.`,
  settings: null,
  own: [],
  operands: 'shell',
  exitCodes: [
    { term: '0', meaning: 'it is printed' },
    { term: '1', meaning: 'the command line is at fault' },
  ],
};

export const manDescription: CommandDescription = {
  name: 'man',
  usage: 'man',
  description: 'prints the manual page, for man -l - or a file conductor-loop.1.',
  settings: null,
  own: [],
  operands: 'none',
  exitCodes: completionDescription.exitCodes,
};

/** Every command that has something to say of itself beyond its line in help. */
export const descriptions: readonly CommandDescription[] = [
  statusDescription,
  topDescription,
  healthDescription,
  showDescription,
  retryDescription,
  validateDescription,
  porchDescription,
  completionDescription,
  manDescription,
];
