import type { Catalogue, CatalogueFlag, Offer } from './catalogue.ts';

/** A script for bash, with or without the package bash-completion. */
export function bashCompletion({ flags, commands }: Catalogue): string {
  const all = new Map(
    [...commands.flatMap((command) => command.flags), ...flags].map((flag) => [flag.name, flag]),
  );
  const tables = commands.map(
    (command) => `    ${command.name})
      flags='${namesOf(command.flags)}'
      ${offer(command.operands)}
      ;;`,
  );
  const values = [...all.values()].flatMap(({ name, value }) =>
    value === null ? [] : [`    ${name}) ${offer(value)} ;;`],
  );
  return `# bash completion for conductor-loop
_conductor_loop() {
  local IFS=$' \\t\\n'
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local flags words files
  # bash may take --flag=value apart into three words.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case \${COMP_WORDS[1]} in
${tables.join('\n')}
    *)
      flags='${namesOf(flags)}'
      words= files=none
      ;;
  esac
  if [[ $COMP_CWORD == 1 && $cur != -* ]]; then
    words='${commands.map(({ name }) => name).join(' ')}' files=none
  elif [[ $prev == -* ]]; then
    prev=\${prev#-}
    prev=\${prev#-}
    case $prev in
${values.map((line) => `  ${line}`).join('\n')}
      *) prev= ;;
    esac
    [[ -z $prev ]] || flags=
  fi
  COMPREPLY=()
  if [[ $cur == -* && -n $flags ]]; then
    local dashes=--
    local flag
    [[ $cur == - || $cur == --* ]] || dashes=-
    for flag in $flags; do
      [[ $dashes$flag != "$cur"* ]] || COMPREPLY+=("$dashes$flag")
    done
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  IFS=$'\\n'
  case $files in
    all) COMPREPLY+=($(compgen -f -- "$cur")) ;;
    directories) COMPREPLY+=($(compgen -d -- "$cur")) ;;
    *) return ;;
  esac
  compopt -o filenames 2>/dev/null
}
complete -F _conductor_loop conductor-loop
`;
}

function namesOf(flags: readonly CatalogueFlag[]): string {
  return flags.map(({ name }) => name).join(' ');
}

function offer({ words, files }: Offer): string {
  return `words='${words.join(' ')}' files=${files}`;
}
