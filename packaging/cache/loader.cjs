'use strict';

// What the single binary starts with. Node's own code cache for such a binary holds no function that
// is not called while it is made, and Node says so in a line where V8 does not take it; this one holds
// what a run has compiled (warm-up.cjs), and where it is not taken, V8 compiles as it always does.

const { getAsset, getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const cachedData = getAssetKeys().includes('cache') ? Buffer.from(getRawAsset('cache')) : undefined;
const program = new Script(getAsset('program', 'utf8'), {
  filename: 'conductor-loop.cjs',
  ...(cachedData && { cachedData }),
});
program.runInThisContext()(exports, require, module, __filename, __dirname);
