import { intentFor } from '../tools/porch.ts';
import type { Random } from './random.ts';

/** A file to be dropped, and what is to become of it. */
export type Made = {
  name: string;
  content: string | Buffer;
  /** The error code that it ends with; undefined where it succeeds, or repeats a success. */
  code?: string;
  /** Undefined where it is refused: then it belongs to no target. */
  target?: string;
  replicas?: number;
};

export type TrafficOptions = {
  porch: 'stand-in' | 'builtin';
  /** Longest sleep of a porch run, in seconds. */
  slowest: number;
  /** How many names there are; undefined: a new one for most. */
  names?: number;
};

type Kind = 'good' | 'flaky' | 'failing' | 'giving-up' | 'dying' | 'refused';

const TARGETS = ['web', 'db', 'cache', 'queue', 'edge', 'core', 'mail', 'auth'] as const;
const NEW_NAME = 0.6;
const SAME_CONTENT = 0.4;

/** What is refused at once, as no writer can be in the midst of it; the number keeps them apart. */
const REFUSED = [
  (n: number) => ({ content: `{"number": ${n}, "number": 0}`, code: 'E001' }),
  (n: number) => ({ content: `{"number": ${n}}`, code: 'E003' }),
  (n: number) => ({ content: intentFor(`${n}`, { namespace: 'kube-system' }), code: 'E004' }),
  (n: number) => ({ content: Buffer.from(`\ufeff{"number": ${n}}`, 'utf16le'), code: 'E015' }),
] as const;

/** Directives for the stand-in, and the error code that they end with. */
const DIRECTIVES: Record<Exclude<Kind, 'refused'>, { words: string; code?: string }> = {
  good: { words: '' },
  flaky: { words: 'exit=75 fail-attempts=1' },
  failing: { words: 'say=sorry exit=9', code: 'E013' },
  'giving-up': { words: 'exit=75', code: 'E013' },
  dying: { words: 'signal=KILL', code: 'E013' },
};

/** Most are good. */
const KINDS: readonly [Kind, ...Kind[]] = [
  'good',
  ...new Array<Kind>(13).fill('good'),
  ...new Array<Kind>(2).fill('flaky'),
  ...new Array<Kind>(2).fill('refused'),
  'failing',
  'giving-up',
  'dying',
];

/**
 * Makes what is dropped: several targets; new names and names that were dropped before, with the
 * same content or with another one; good ones, ones that fail, ones that are retried, refused ones.
 */
export class Traffic {
  readonly #random: Random;
  readonly #options: TrafficOptions;
  readonly #latest = new Map<string, Made>();
  #count = 0;

  constructor(random: Random, options: TrafficOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** The next file. It counts as dropped once `dropped` was called with it. */
  next(): Made {
    const name = this.#name();
    const before = this.#latest.get(name);
    return before && this.#random.chance(SAME_CONTENT) ? before : this.#make(name);
  }

  /** One that succeeds, under a name of its own. */
  good(target: string = this.#random.pick(TARGETS)): Made {
    return this.#accepted(`intent-good-${++this.#count}.json`, 'good', target);
  }

  dropped(made: Made): void {
    this.#latest.set(made.name, made);
  }

  #name(): string {
    const { names } = this.#options;
    const [...known] = this.#latest.keys();
    const [first, ...others] = known.slice(-40);
    if (names !== undefined) return `intent-${this.#random.whole(1, names)}.json`;
    if (first === undefined || this.#random.chance(NEW_NAME)) return `intent-${this.#count}.json`;
    return this.#random.pick([first, ...others]);
  }

  #make(name: string): Made {
    const kind = this.#random.pick(KINDS);
    if (kind !== 'refused') return this.#accepted(name, kind);
    return { name, ...this.#random.pick(REFUSED)(++this.#count) };
  }

  #accepted(
    name: string,
    kind: Exclude<Kind, 'refused'>,
    target: string = this.#random.pick(TARGETS),
  ): Made {
    const { porch, slowest } = this.#options;
    const random = this.#random;
    const { words, code } = DIRECTIVES[kind];
    const sleep = random.chance(0.5) ? '' : `sleep=${random.between(0, slowest).toFixed(3)} `;
    const replicas = random.whole(0, 100);
    const correlation_id = `drop-${++this.#count}`;
    const content = intentFor(`${sleep}${words}`, { target, replicas, correlation_id });
    // The embedded porch obeys no directives.
    const ends = porch === 'builtin' || code === undefined ? {} : { code };
    return { name, content, target, replicas, ...ends };
  }
}
