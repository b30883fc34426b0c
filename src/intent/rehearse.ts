import { checkContent } from './content.ts';
import type { CheckLimits } from './types.ts';

const sample = Buffer.from(
  '{"intent_type":"scaling","target":"a","namespace":"a","replicas":1,"reason":"a"}',
);

/** Checks an intent that is in order: so everything is compiled that the first one would wait for. */
export function rehearse(limits: CheckLimits): void {
  checkContent(sample, limits);
}
