// Writes docs/settings.md from the settings schema; with --check it only compares and exits 1 when
// the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { settingInfos } from '../src/config/schema.ts';
import { flagOf, groups, type SettingInfo, variableOf } from '../src/config/setting.ts';

const page = new URL('./settings.md', import.meta.url);

const opening = `# Settings

This page is made from the settings schema by \`node docs/settings.ts\`; change \`src/config/schema.ts\`, not this page.

Every setting has a key in the JSON configuration file (\`-config FILE\`, or \`CONDUCTOR_CONFIG\`), a flag and an
environment variable. Flags beat the environment, which beats the file, which beats the defaults.
\`conductor-loop -validate-config\` prints every setting with its value and where that came from.

- A dot in a key is a section: \`retry.max_attempts\` is written \`{"retry": {"max_attempts": 3}}\`.
- Flags may be written \`-flag\` or \`--flag\`, with a space or \`=\` before the value. A switch may stand alone, or take
  \`=true\` or \`=false\`.
- Durations are written \`500ms\`, \`30s\`, \`1h30m\`, \`168h\`; a bare number is refused, but for \`0\`.
- Sizes are written \`64KB\`, \`10MB\`, \`1GB\` (of 1024) or in bytes.
- Lists are a JSON array in the file, and names with commas between them elsewhere.
- An empty environment variable counts as not set. A \`CONDUCTOR_\` variable that is no setting is warned of, but for those
  that Kubernetes makes of services.
- Relative paths count from the working directory.
- \`state_retention\` is raised to \`cleanup_after\` and \`failed_cleanup_after\` where it is not given itself; giving a
  smaller one is an error.

The last column says how the value of a running program is changed: by a \`reload\` of the configuration file
([reference.md](reference.md#changing-settings-while-it-runs)), or only by a \`restart\`. Settings that are not built yet load, but change
nothing; one that is used is warned of at the start.
`;

const otherNamesOpening = `
## Other names

These names of the earlier program mean the same. Two names of one setting with different values in one place are an
error; of two flags the last counts.

`;

function settingsPage(): string {
  const tables = Object.entries(groups).map(([group, title]) => {
    const rows = settingInfos.filter((info) => info.group === group).map(row);
    const header = ['key', 'flag', 'environment', 'default', 'meaning', 'changed by'];
    return `\n## ${title}\n\n${table([header, ...rows])}`;
  });
  return [opening, ...tables, otherNames()].join('');
}

function row(info: SettingInfo): string[] {
  return [
    `\`${info.key}\``,
    `\`${`--${info.flag} ${info.placeholder}`.trimEnd()}\``,
    `\`${info.variable}\``,
    info.defaultShown === info.default ? `\`${info.default}\`` : info.defaultShown,
    info.description,
    info.built ? (info.reloadable ? 'reload' : 'restart') : 'not built yet',
  ];
}

function otherNames(): string {
  const rows = settingInfos.flatMap((info) =>
    info.aliases.map((alias) => [
      `\`${alias}\``,
      `\`--${flagOf(alias)}\``,
      `\`${variableOf(alias)}\``,
      `\`${info.key}\``,
    ]),
  );
  const header = ['key', 'flag', 'environment', 'means'];
  return `${otherNamesOpening}${table([header, ...rows])}`;
}

/** A Markdown table, its columns aligned as the formatter of the project wants them. */
function table(rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (escaped[0] ?? []).map((_, column) =>
    Math.max(...escaped.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const [header = [], ...rest] = escaped;
  const rule = widths.map((width) => '-'.repeat(width));
  return [header, rule, ...rest].map(line).join('');
}

const wanted = settingsPage();
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== wanted) {
    process.stderr.write('docs/settings.md is stale; write it anew with: node docs/settings.ts\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, wanted);
}
