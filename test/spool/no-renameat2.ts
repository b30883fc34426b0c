/**
 * Loaded before a test: this system has no renameat2(2), and with CONDUCTOR_TEST_NO_LINKS no hard
 * links to other users' files either, as Linux forbids them.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { getBuiltinModule } = process;
Object.defineProperty(process, 'getBuiltinModule', {
  value: (name: string) => (name === 'node:ffi' ? undefined : getBuiltinModule(name)),
});

if (process.env.CONDUCTOR_TEST_NO_LINKS) {
  const { linkSync } = fs;
  fs.linkSync = (from, to) => {
    if (String(from).includes('.inflight') || String(to).includes('.inflight')) {
      throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
    }
    linkSync(from, to);
  };
  syncBuiltinESMExports();
}
