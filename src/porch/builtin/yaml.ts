import { Scalar, stringify } from 'yaml';

/**
 * Characters that JSON leaves as they are and that readers of YAML refuse or fold: the C1 controls,
 * the line separators, the byte order mark and the two noncharacters of the first plane.
 * Source: YAML 1.2.2, section 5.1 (c-printable) and 5.4 (line breaks of YAML 1.1).
 */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

const escaped = (json: string) =>
  json.replace(unprintable, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** JSON text in printable characters only, on one line. */
export function printableJson(value: unknown): string {
  return escaped(JSON.stringify(value));
}

/**
 * A string that came from outside, for `toYaml`. It is always written in double quotes, so that
 * no reader takes it for anything else: YAML 1.1, which Kubernetes reads, knows `on` and `1e3`.
 * A lone surrogate, which JSON can say and UTF-8 cannot, becomes U+FFFD.
 */
export function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text.toWellFormed());
  scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

/** One YAML document. Text from outside must be wrapped by `quoted`. */
export function toYaml(document: object): string {
  return escaped(stringify(document, { lineWidth: 0, doubleQuotedAsJSON: true }));
}
