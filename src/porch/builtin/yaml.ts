/**
 * Characters that JSON leaves as they are and that readers of YAML refuse or fold: the C1 controls,
 * the line separators, the byte order mark and the two noncharacters of the first plane.
 * Source: YAML 1.2.2, section 5.1 (c-printable) and 5.4 (line breaks of YAML 1.1).
 */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** JSON text in printable characters only, on one line. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    unprintable,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A YAML mapping of strings, whole numbers, lists of strings and mappings. */
export type Mapping = { [key: string]: string | number | string[] | Mapping };

/**
 * One YAML document in block style. Strings are always written in double quotes, as JSON, which
 * YAML 1.2 contains: so no reader takes text from outside for anything else (YAML 1.1, which
 * Kubernetes reads, knows `on` and `1e3`). A lone surrogate, which JSON can say and UTF-8 cannot,
 * becomes U+FFFD. Keys are ours and plain. The yaml package, which reads, took a quarter of the
 * embedded porch's time for writing the same.
 */
export function toYaml(mapping: Mapping, indent = ''): string {
  let text = '';
  for (const [key, value] of Object.entries(mapping)) {
    if (typeof value === 'number') text += `${indent}${key}: ${value}\n`;
    else if (typeof value === 'string') text += `${indent}${key}: ${quoted(value)}\n`;
    else if (!Array.isArray(value)) text += `${indent}${key}:\n${toYaml(value, `${indent}  `)}`;
    else
      text += `${indent}${key}:\n${value.map((item) => `${indent}  - ${quoted(item)}\n`).join('')}`;
  }
  return text;
}

const quoted = (text: string) => printableJson(text.toWellFormed());
