import { env } from 'node:process';

/** FAULTS=long: as thorough as the machine has time for. Else what fits into a run of the CI. */
export const long = env.FAULTS === 'long';

/** How much is done in the short form, and in the long one. */
export const scaled = <T>(short: T, longer: T): T => (long ? longer : short);
