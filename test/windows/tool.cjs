// What the tests need of programs of Windows, as one: a porch (called as conductor-loop calls one), and
// what a shell would be used for elsewhere. Packaged by wine.ts. In CommonJS, as a single binary wants it.
const { spawn } = require('node:child_process');
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const ffi = require('node:ffi');

const args = process.argv.slice(2);
const wide = (text) => Buffer.from(`${text}\0`, 'utf16le');
const kernel32 = () =>
  ffi.dlopen('kernel32.dll', {
    CreateFileW: {
      arguments: ['buffer', 'u32', 'u32', 'u64', 'u32', 'u32', 'u64'],
      return: 'u64',
    },
    WriteFile: { arguments: ['u64', 'buffer', 'u32', 'buffer', 'u64'], return: 'i32' },
    OpenProcess: { arguments: ['u32', 'i32', 'u32'], return: 'u64' },
    GetModuleHandleW: { arguments: ['buffer'], return: 'u64' },
    GetProcAddress: { arguments: ['u64', 'buffer'], return: 'u64' },
    CreateRemoteThread: {
      arguments: ['u64', 'u64', 'u64', 'u64', 'u64', 'u32', 'u64'],
      return: 'u64',
    },
  }).functions;

/** The reason of the intent says what it does: `exit:N`, `sleep`, `leave` (a child that goes on). */
function porch([, intent, , out, ...more]) {
  const { reason = '' } = JSON.parse(readFileSync(intent, 'utf8'));
  appendFileSync(`${out}\\porch.log`, `${JSON.stringify([intent, out, ...more])}\n`);
  console.log(`porch was here for ${process.env.CONDUCTOR_INTENT_FILE}`);
  if (reason === 'leave') {
    const child = spawn(process.execPath, ['tick', `${out}\\ticks`], {
      detached: true,
      stdio: 'ignore',
    });
    child.unref();
    wait(
      () => existsSync(`${out}\\ticks`),
      () => process.exit(0),
    );
  } else if (reason === 'sleep') {
    tick(`${out}\\ticks`);
  } else {
    process.exitCode = Number(/^exit:(\d+)$/.exec(reason)?.[1] ?? 0);
  }
}

function wait(isReached, then) {
  const timer = setInterval(() => {
    if (!isReached()) return;
    clearInterval(timer);
    then();
  }, 50);
}

function tick(file) {
  appendFileSync(file, '.');
  setInterval(() => appendFileSync(file, '.'), 50);
}

/**
 * Opens a file, which it writes where it is not there, and lets nobody else in (or only readers) until
 * there is another file.
 */
function hold([file, until, share]) {
  const GENERIC_READ_WRITE = 0xc0000000;
  const GENERIC_READ = 0x80000000;
  const CREATE_NEW = 1;
  const OPEN_EXISTING = 3;
  const { CreateFileW, WriteFile } = kernel32();
  const isThere = existsSync(file);
  const [access, how] = isThere ? [GENERIC_READ, OPEN_EXISTING] : [GENERIC_READ_WRITE, CREATE_NEW];
  const handle = CreateFileW(wide(file), access, Number(share), 0n, how, 0, 0n);
  if (handle === 0xffffffffffffffffn) throw new Error(`${file} cannot be opened`);
  if (!isThere) {
    const name = /([^\\]+)\.json$/.exec(file)?.[1];
    const intent = { intent_type: 'scaling', target: name, namespace: 'default', replicas: 1 };
    const text = Buffer.from(JSON.stringify(intent));
    WriteFile(handle, text, text.length, Buffer.alloc(4), 0n);
  }
  appendFileSync(`${until}.held`, '');
  wait(
    () => existsSync(until),
    () => process.exit(0),
  );
}

/** What a console does to its programs: Ctrl-C 0, Ctrl-Break 1, closed 2. Wine's own way knows Ctrl-C only. */
function control([pid, event]) {
  const PROCESS_ALL_ACCESS = 0x1fffff;
  const { OpenProcess, GetModuleHandleW, GetProcAddress, CreateRemoteThread } = kernel32();
  const library = GetModuleHandleW(wide('kernelbase.dll'));
  const routine = GetProcAddress(library, Buffer.from('CtrlRoutine\0'));
  const target = OpenProcess(PROCESS_ALL_ACCESS, 0, Number(pid));
  if (CreateRemoteThread(target, 0n, 0n, routine, BigInt(event), 0, 0n) === 0n) {
    throw new Error(`${pid} cannot be reached`);
  }
}

const commands = {
  '-intent': () => porch(args),
  tick: () => tick(args[1]),
  hold: () => hold(args.slice(1)),
  control: () => control(args.slice(1)),
  kill: () => process.kill(Number(args[1]), 'SIGKILL'),
};
commands[args[0]]();
