import { basename } from 'node:path';
import process from 'node:process';
import { ConfigError } from '../config/error.ts';
import { isUnknown, storyOf } from '../inspect/story.ts';
import { isIntentName } from '../intent/names.ts';
import { originalName } from '../spool/layout.ts';
import { readSwitch } from './flag-values.ts';
import type { CommandDescription } from './flags.ts';
import { runSpoolCommand } from './spool-command.ts';
import { plain } from './status-page.ts';
import { storyPage } from './story-page.ts';
import { complain, lookOf, writeOut } from './terminal.ts';

const exitUnknown = 8;

export const showDescription: CommandDescription = {
  name: 'show',
  usage: 'show NAME [flags]',
  description:
    'tells the whole story of one intent: where its file is now, what journal and snapshot say of it, its status, its error log, and the package that the embedded porch made of it.',
  settings: ['handoff', 'out'],
  own: [{ name: 'json', placeholder: '', description: 'Print one JSON object (default false).' }],
  operands: 'intents',
  exitCodes: [
    { term: '0', meaning: 'the story is told' },
    { term: '1', meaning: 'the command line or the configuration is at fault' },
    { term: '2', meaning: 'the spool cannot be read' },
    { term: '8', meaning: 'nothing is known of such an intent' },
  ],
};

/** `conductor-loop show NAME`: gives the exit code. Throws ConfigError. */
export function show(args: readonly string[]): Promise<number> {
  return runSpoolCommand(showDescription, args, (given, names) => {
    const name = intentNamed(names);
    const json = readSwitch('json', given.json);
    return async (settings) => {
      const story = await storyOf(settings, name);
      if (isUnknown(story)) {
        complain(`nothing is known of ${plain(name)} in ${settings.handoff}`);
        return exitUnknown;
      }
      if (json) writeOut(JSON.stringify(story, null, 2));
      else for (const line of storyPage(story, lookOf(process.stdout))) writeOut(line);
      return 0;
    };
  });
}

/** The intent that is meant by its name, or by that of its file, status or error log. */
function intentNamed(names: readonly string[]): string {
  const [given, ...more] = names;
  if (given === undefined || more.length > 0) {
    throw new ConfigError(['show needs one name: show NAME']);
  }
  const name = originalName(basename(given).replace(/\.(status|error\.log)$/, ''));
  if (isIntentName(name)) return name;
  throw new ConfigError([`${JSON.stringify(given)} is not the name of an intent (intent-*.json)`]);
}
