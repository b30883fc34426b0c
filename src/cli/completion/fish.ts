import type { Catalogue, CatalogueFlag, Offer } from './catalogue.ts';

/** A script for fish. */
export function fishCompletion({ flags, commands }: Catalogue): string {
  const names = commands.map(({ name }) => name).join(' ');
  const none = `not __fish_seen_subcommand_from ${names}`;
  return `# fish completion for conductor-loop
complete -c conductor-loop -f
${commands
  .map(
    ({ name, summary }) =>
      `complete -c conductor-loop -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
  )
  .join('\n')}
${flagLines(none, flags)}
${commands.map((command) => commandLines(command.name, command.flags, command.operands)).join('\n')}
`;
}

function commandLines(name: string, flags: readonly CatalogueFlag[], operands: Offer): string {
  const condition = `__fish_seen_subcommand_from ${name}`;
  const offered = offer(operands);
  return [
    flagLines(condition, flags),
    ...(offered === '' ? [] : [`complete -c conductor-loop -n ${quoted(condition)} ${offered}`]),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** A long name may have one dash or two. */
function flagLines(condition: string, flags: readonly CatalogueFlag[]): string {
  return flags
    .map(({ name, description, value }) => {
      const needs = value === null ? '' : ` -r ${offer(value)}`.trimEnd();
      return `complete -c conductor-loop -n ${quoted(condition)} -l ${name} -o ${name}${needs} -d ${quoted(description)}`;
    })
    .join('\n');
}

function offer({ words, files }: Offer): string {
  const offered = files === 'directories' ? ['(__fish_complete_directories)', ...words] : words;
  return [
    files === 'all' ? '-F' : '-f',
    ...(offered.length === 0 ? [] : [`-a ${quoted(offered.join(' '))}`]),
  ].join(' ');
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
