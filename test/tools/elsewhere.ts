/**
 * Lets a program believe that it runs elsewhere: loaded before it (`--import`), this sets its clock
 * ahead by CLOCK_AHEAD_MS (behind, where that is negative) and, where OTHER_HOST names one, gives it
 * a scope of processes of its own: no pid of another instance means anything to it, it sees none of
 * their processes, and its own pid means nothing to them. It keeps segments too, where that is
 * wanted (keep-segments.ts). The disk is slow where STATE_AFTER_MS says so: nothing of the state is
 * read before so long has passed.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { env } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const { CLOCK_AHEAD_MS = '0', OTHER_HOST: host, KEEP_SEGMENTS: kept, STATE_AFTER_MS: late } = env;

const realNow = Date.now;
const now = () => realNow() + Number(CLOCK_AHEAD_MS);

globalThis.Date = new Proxy(Date, {
  construct: (target, given, newTarget) => {
    return Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget);
  },
});
Date.now = now;

if (host !== undefined) {
  fs.readlinkSync = new Proxy(fs.readlinkSync, {
    apply: (target, self, given) => {
      return given[0] === '/proc/self/ns/pid'
        ? `pid:[${host}]`
        : Reflect.apply(target, self, given);
    },
  });
  fs.readdirSync = new Proxy(fs.readdirSync, {
    apply: (target, self, given) => {
      return given[0] === '/proc' ? [] : Reflect.apply(target, self, given);
    },
  });
  syncBuiltinESMExports();
}

if (late !== undefined) {
  const begun = performance.now();
  fs.promises.stat = new Proxy(fs.promises.stat, {
    apply: async (target, self, given) => {
      const isState = String(given[0]).endsWith('.conductor-state.json');
      if (isState) await delay(Math.max(0, Number(late) - (performance.now() - begun)));
      return Reflect.apply(target, self, given);
    },
  });
  syncBuiltinESMExports();
}

if (kept !== undefined) await import('./keep-segments.ts');
