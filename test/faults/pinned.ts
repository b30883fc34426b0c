/**
 * Loaded before the program: the names that it otherwise draws at random (of its life, and so of its
 * lease's temporary file) or makes of its pid (of packages that are being written) are known in
 * advance, so that strace can be told which calls to look at. `PINNED_LIFE` is the name of the life,
 * `PINNED_PID` what the threads take for their pid.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const life = Buffer.from(process.env.PINNED_LIFE ?? '', 'hex');
  const { randomBytes } = crypto;
  const pinned = (size: number) => (size === life.length ? life : randomBytes(size));
  Object.assign(crypto, { randomBytes: pinned });
  syncBuiltinESMExports();
} else if (process.env.PINNED_PID !== undefined) {
  Object.defineProperty(process, 'pid', { value: Number(process.env.PINNED_PID) });
}
