/** The hostile files: what somebody may drop, and what has to become of each. */
import type { Case } from './corpus/case.ts';
import { encodingCases } from './corpus/encodings.ts';
import { jsonCases } from './corpus/json.ts';
import { kindCases } from './corpus/kinds.ts';
import { nameCases } from './corpus/names.ts';
import { valueCases } from './corpus/values.ts';

export const corpus: readonly Case[] = [
  ...encodingCases,
  ...jsonCases,
  ...valueCases,
  ...nameCases,
  ...kindCases,
];
