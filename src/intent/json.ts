/** One step from a JSON value into a part of it: a key or an index. */
export type JsonStep = string | number;

/** Something that is wrong with a text as JSON. Offsets count UTF-16 units from 0. */
export type JsonFault = {
  kind: 'syntax' | 'depth' | 'duplicate' | 'range';
  offset: number;
  message: string;
  /** Where in the value it is; empty for the root. */
  path: JsonStep[];
};

/** What one pass over a text found. */
export type JsonScan = {
  /** What ended the pass early: the text breaks RFC 8259, or nests too deep. */
  fatal: JsonFault | null;
  /** Duplicate keys, then numbers out of range, in their order; only the first hundred of each. */
  faults: JsonFault[];
  /** How many there were in all. */
  faultCount: number;
};

/** Offsets of a value and of its key; one that has no key stands at its own. */
type Place = { key: number; value: number };

/** A part of a value whose place is wanted, or that has such parts in it. */
type Wanted = { parts: Map<JsonStep, Wanted>; place: Place | null };

/** An object or array that is open at the present place. */
type Frame = { keys: Set<string> | null; step: JsonStep; wanted: Wanted | undefined };

const keptFaults = 100;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** An escape; `cutEscape` is the beginning of one at the end of the text. */
const escapeToken = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const cutEscape = /^\\(?:u[0-9a-fA-F]{0,3})?$/;

/**
 * Checks a text against RFC 8259, strictly, in one pass that keeps no tree: its memory is the keys of
 * the objects open at one time. Beyond the RFC it reports nesting deeper than `maxDepth`, keys that
 * stand twice in an object, and numbers too large for a double, which JSON.parse lets through.
 */
export function scanJson(text: string, maxDepth: number): JsonScan {
  const scanner = new Scanner(text, maxDepth, undefined);
  const fatal = scanner.run();
  const { duplicates, outOfRange, faultCount } = scanner;
  return { fatal, faults: [...duplicates, ...outOfRange], faultCount };
}

/**
 * The offsets of the values at `paths` in a text that is valid JSON, in the same order, and null where
 * there is none. Of a key that stands twice it is the last, which is the one JSON.parse takes.
 */
export function locateJson(
  text: string,
  paths: readonly (readonly JsonStep[])[],
): (Place | null)[] {
  const root: Wanted = { parts: new Map(), place: null };
  const ends = paths.map((path) => path.reduce(partOf, root));
  new Scanner(text, Number.POSITIVE_INFINITY, root).run();
  return ends.map(({ place }) => place);
}

function partOf({ parts }: Wanted, step: JsonStep): Wanted {
  const part = parts.get(step) ?? { parts: new Map(), place: null };
  parts.set(step, part);
  return part;
}

/** A pass over one text. `run` returns the fault that ended it, or null at the end of the text. */
class Scanner {
  readonly duplicates: JsonFault[] = [];
  readonly outOfRange: JsonFault[] = [];
  faultCount = 0;
  readonly #text: string;
  readonly #maxDepth: number;
  /** What is wanted of the whole text. */
  readonly #wanted: Wanted | undefined;
  readonly #frames: Frame[] = [];
  #at = 0;
  /** Where the key of the value that comes next begins. */
  #keyAt = 0;

  constructor(text: string, maxDepth: number, wanted: Wanted | undefined) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#wanted = wanted;
  }

  run(): JsonFault | null {
    this.#space();
    this.#keyAt = this.#at;
    for (;;) {
      const wanted = this.#whatIsWantedHere();
      if (wanted !== undefined) wanted.place = { key: this.#keyAt, value: this.#at };
      const code = this.#text.charCodeAt(this.#at);
      const isOpening = code === openBrace || code === openBracket;
      const fault = isOpening ? this.#open(code === openBrace, wanted) : this.#scalar(code);
      if (fault !== null) return fault;
      // An opened container that is not empty has its first value next.
      if (isOpening && !this.#isAtEnd()) {
        const problem = this.#beforeValue();
        if (problem !== null) return problem;
        continue;
      }
      const after = this.#afterValue(isOpening);
      if (after !== 'next') return after;
    }
  }

  /** One step from what is wanted of the parent: a path may be megabytes, and is not gone through. */
  #whatIsWantedHere(): Wanted | undefined {
    const frame = this.#frames.at(-1);
    return frame === undefined ? this.#wanted : frame.wanted?.parts.get(frame.step);
  }

  #open(isObject: boolean, wanted: Wanted | undefined): JsonFault | null {
    if (this.#frames.length >= this.#maxDepth) {
      return this.#fault('depth', `nested deeper than ${this.#maxDepth} levels`, this.#at);
    }
    this.#frames.push(
      isObject ? { keys: new Set(), step: '', wanted } : { keys: null, step: 0, wanted },
    );
    this.#at++;
    this.#space();
    return null;
  }

  #isAtEnd(): boolean {
    const isObject = this.#frames.at(-1)?.keys !== null;
    return this.#text.charCodeAt(this.#at) === (isObject ? closeBrace : closeBracket);
  }

  /** Reads up to the next value: in an object its key and the colon. */
  #beforeValue(): JsonFault | null {
    const frame = this.#frames.at(-1);
    this.#keyAt = this.#at;
    if (frame === undefined || frame.keys === null) return null;
    if (this.#text.charCodeAt(this.#at) !== quote) return this.#expected('a key in double quotes');
    const fault = this.#string();
    if (fault !== null) return fault;
    const key = keyOf(this.#text.slice(this.#keyAt, this.#at));
    frame.step = key;
    if (frame.keys.has(key)) {
      const message = 'the same key stands twice in one object';
      this.#note(this.duplicates, 'duplicate', message, this.#keyAt);
    } else {
      frame.keys.add(key);
    }
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== colon) return this.#expected("':' after the key");
    this.#at++;
    this.#space();
    return null;
  }

  /** Reads what follows a value, closing what ends here; null at the end of the text. */
  #afterValue(isEmptyContainer: boolean): JsonFault | null | 'next' {
    let isClosing = isEmptyContainer;
    for (;;) {
      const frame = this.#frames.at(-1);
      if (frame !== undefined && isClosing) {
        this.#frames.pop();
        this.#at++;
        isClosing = false;
        continue;
      }
      this.#space();
      if (frame === undefined) {
        return this.#at < this.#text.length ? this.#expected('the end of the text') : null;
      }
      if (this.#isAtEnd()) {
        isClosing = true;
        continue;
      }
      if (this.#text.charCodeAt(this.#at) !== comma) {
        return this.#expected(frame.keys !== null ? "',' or '}'" : "',' or ']'");
      }
      this.#at++;
      this.#space();
      if (typeof frame.step === 'number') frame.step++;
      return this.#beforeValue() ?? 'next';
    }
  }

  #scalar(code: number): JsonFault | null {
    if (code === quote) return this.#string();
    for (const word of ['true', 'false', 'null']) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return null;
      }
    }
    numberToken.lastIndex = this.#at;
    const literal = numberToken.exec(this.#text)?.[0];
    if (literal === undefined) return this.#expected('a value');
    if (!Number.isFinite(Number(literal))) {
      const message = `the number ${literal.slice(0, 40)} is too large`;
      this.#note(this.outOfRange, 'range', message, this.#at);
    }
    this.#at += literal.length;
    return null;
  }

  #string(): JsonFault | null {
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const code = this.#text.charCodeAt(i);
      if (code === quote) {
        this.#at = i + 1;
        return null;
      }
      if (code < 0x20) {
        const message =
          code === 0x0a || code === 0x0d
            ? 'the string has no closing quote on its line'
            : `write this control character as \\u${code.toString(16).padStart(4, '0')}`;
        return this.#fault('syntax', message, i);
      }
      if (code === backslash) {
        escapeToken.lastIndex = i;
        const sequence = escapeToken.exec(this.#text)?.[0];
        if (sequence === undefined && cutEscape.test(this.#text.slice(i, i + 6))) break;
        if (sequence === undefined)
          return this.#fault('syntax', 'not an escape that JSON knows', i);
        i += sequence.length - 1;
      }
    }
    return this.#fault('syntax', 'the text ends inside a string', this.#text.length);
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  /** Shows no more than one character, since what stands here may be a secret without its quotes. */
  #expected(what: string): JsonFault {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) {
      return this.#fault('syntax', `the text ends where ${what} is expected`, this.#at);
    }
    const isPrintable = code > 0x20 && code < 0x7f;
    const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    const found = isPrintable ? `'${String.fromCodePoint(code)}'` : hex;
    return this.#fault('syntax', `expected ${what}, found ${found}`, this.#at);
  }

  #note(faults: JsonFault[], kind: JsonFault['kind'], message: string, offset: number): void {
    this.faultCount++;
    if (faults.length < keptFaults) faults.push(this.#fault(kind, message, offset));
  }

  #fault(kind: JsonFault['kind'], message: string, offset: number): JsonFault {
    return { kind, offset, message, path: this.#frames.map((frame) => frame.step) };
  }
}

/** The key that a string token (with its quotes) spells. */
function keyOf(token: string): string {
  if (!token.includes('\\')) return token.slice(1, -1);
  const key: unknown = JSON.parse(token);
  return String(key);
}
