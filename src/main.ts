#!/usr/bin/env node
import './platform/old-node.ts';
import './platform/small-heap.ts';
import process from 'node:process';
import { runCommandLine } from './cli/commands.ts';

// No top-level await: the build makes one CommonJS file of this. Setting the code instead of exiting
// lets standard output be written to its end.
runCommandLine(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
