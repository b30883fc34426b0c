import type { Catalogue, CatalogueFlag, Offer } from './catalogue.ts';

/** A script for Windows PowerShell 5.1 and PowerShell 7, to be run in the profile. */
export function powershellCompletion({ flags, commands }: Catalogue): string {
  const tables = commands.map(
    (command) =>
      `    ${quoted(command.name)} = @{ About = ${quoted(command.summary)}; Words = ${list(command.operands.words)}; Flags = ${table(command.flags)} }`,
  );
  return `# PowerShell completion for conductor-loop
Register-ArgumentCompleter -Native -CommandName conductor-loop, conductor-loop.exe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)

  $commands = [ordered]@{
${tables.join('\n')}
  }
  $flags = ${table(flags)}
  $before = @($commandAst.CommandElements |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    ForEach-Object { $_.ToString() })
  $words = @()
  if ($before.Count -gt 1 -and $commands.Contains($before[1])) {
    $flags = $commands[$before[1]].Flags
    $words = $commands[$before[1]].Words
  } elseif ($before.Count -le 1) {
    $words = @($commands.Keys)
  }
  $last = if ($before.Count -gt 1) { $before[-1] } else { '' }
  if ($last -match '^--?(?<name>[^-=][^=]*)$' -and $flags.Contains($Matches.name) -and $flags[$Matches.name].Takes) {
    $words = $flags[$Matches.name].Words
  } elseif ($wordToComplete.StartsWith('-')) {
    $dashes = if ($wordToComplete -match '^-[^-]') { '-' } else { '--' }
    foreach ($name in $flags.Keys) {
      if (-not "$dashes$name".StartsWith($wordToComplete)) { continue }
      [System.Management.Automation.CompletionResult]::new("$dashes$name", $name, 'ParameterName', $flags[$name].About)
    }
    return
  }
  foreach ($word in $words) {
    if (-not $word.StartsWith($wordToComplete)) { continue }
    $about = if ($commands.Contains($word)) { $commands[$word].About } else { $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
  }
}
`;
}

/** Where no words are offered, PowerShell itself offers files. */
function table(flags: readonly CatalogueFlag[]): string {
  const entries = flags.map(
    ({ name, description, value }) =>
      `    ${quoted(name)} = @{ About = ${quoted(description)}; Takes = ${value === null ? '$false' : '$true'}; Words = ${words(value)} }`,
  );
  return entries.length === 0 ? '[ordered]@{}' : `[ordered]@{\n${entries.join('\n')}\n  }`;
}

function words(value: Offer | null): string {
  return list(value?.words ?? []);
}

function list(items: readonly string[]): string {
  return `@(${items.map(quoted).join(', ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
