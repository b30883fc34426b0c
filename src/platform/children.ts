import { libc } from './libc.ts';

const PR_SET_CHILD_SUBREAPER = 36;
const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
/** Only children of the calling thread. */
const WNOTHREAD = 0x2000_0000;
const SIGINFO_BYTES = 128;
/** Of si_pid in siginfo_t, on every 64-bit Linux. */
const SI_PID_OFFSET = 16;

/**
 * From now on processes below us whose parent has ended become our children instead of init's:
 * prctl(2), child subreaper. False where this system cannot do that.
 */
export function adoptOrphans(): boolean {
  return libc !== null && libc.prctl(PR_SET_CHILD_SUBREAPER, 1n) === 0;
}

/** Whether there is any process below us; true where that cannot be told. */
export function hasChildren(): boolean {
  const info = Buffer.alloc(SIGINFO_BYTES);
  return libc === null || libc.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) === 0;
}

/**
 * Reaps what we have adopted and has ended. Each is reaped by its pid, and whose end somebody waits
 * for is never among them: the kernel gives orphans to the first thread of a process, and the
 * children of another thread are that thread's as long as it lives. So it may be called by the main
 * thread only, and only while the main thread itself waits for no child.
 */
export function reapAdopted(): void {
  if (!libc) return;
  const info = Buffer.alloc(SIGINFO_BYTES);
  while (libc.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT | WNOTHREAD) === 0) {
    const pid = info.readInt32LE(SI_PID_OFFSET);
    if (pid === 0) return;
    libc.waitid(P_PID, pid, info, WEXITED | WNOHANG);
    info.fill(0);
  }
}
