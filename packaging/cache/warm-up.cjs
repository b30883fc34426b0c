'use strict';

// Runs the program once and keeps what V8 has compiled for it: node warm-up.cjs PROGRAM CACHE FLAG...

const { readFileSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');
const { Script } = require('node:vm');

// V8 only takes a cache that was made under the flags that it has when it begins.
v8.setFlagsFromString = () => {};

const [programFile, cacheFile] = process.argv.splice(2, 2);
const program = new Script(readFileSync(programFile, 'utf8'), { filename: 'conductor-loop.cjs' });
process.on('exit', () => writeFileSync(cacheFile, program.createCachedData()));
program.runInThisContext()(exports, require, module, __filename, __dirname);
