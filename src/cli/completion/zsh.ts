import type { Catalogue, CatalogueFlag, Offer } from './catalogue.ts';

/** A script for zsh, to be called _conductor-loop in a directory of its fpath. */
export function zshCompletion({ flags, commands }: Catalogue): string {
  const cases = commands.map(
    (command) => `    ${command.name})
      specs=(
${specsOf(command.flags)}
        ${quoted(`*: :${action(command.operands)}`)}
      )
      ;;`,
  );
  const summaries = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef conductor-loop
_conductor_loop_commands() {
  local -a names
  names=(
${summaries.join('\n')}
  )
  _describe command names
}

_conductor_loop() {
  local -a specs
  local command=
  (( CURRENT > 2 )) && command=$words[2]
  case $command in
${cases.join('\n')}
    *)
      specs=(
${specsOf(flags)}
        '1: :_conductor_loop_commands'
      )
      _arguments $specs
      return
      ;;
  esac
  shift words
  (( CURRENT-- ))
  _arguments $specs
}

if [[ $funcstack[1] == _conductor-loop ]]; then
  _conductor_loop "$@"
else
  compdef _conductor_loop conductor-loop
fi
`;
}

/** Both ways to write it, and both to give its value. */
function specsOf(flags: readonly CatalogueFlag[]): string {
  return flags
    .flatMap(({ name, description, placeholder, value }) => {
      const text = `[${escaped(description)}]`;
      const tail = value === null ? text : `=${text}:${escaped(placeholder)}:${action(value)}`;
      return [`--${name}${tail}`, `-${name}${tail}`].map((spec) => `        ${quoted(spec)}`);
    })
    .join('\n');
}

function action({ words, files }: Offer): string {
  if (files === 'directories') return '_files -/';
  if (files === 'all')
    return words.length === 0 ? '_files' : `{ compadd ${words.join(' ')}; _files }`;
  return words.length === 0 ? ' ' : `(${words.join(' ')})`;
}

/** Brackets and colons part the pieces of a specification. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
