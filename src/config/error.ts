/**
 * The configuration or the command line cannot be used. Each line names the flag, variable or key,
 * what was given, what was expected and, where there is one, the nearest right spelling.
 */
export class ConfigError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
    this.lines = lines;
  }
}
