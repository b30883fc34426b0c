import { spawn } from 'node:child_process';
import { join } from 'node:path';

export type EndingSignal = 'SIGTERM' | 'SIGKILL';

/**
 * Signals the whole process group that `leader` leads. Says nothing where the group is gone or may
 * not be signalled: what follows is decided by what the processes then do.
 * Windows has neither groups nor signals: the tree below `leader` is ended at once.
 */
export function signalGroup(leader: number, signal: EndingSignal): void {
  if (process.platform === 'win32') {
    endTree(leader);
    return;
  }
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: nothing of it is left. EPERM: it took on another user's identity.
  }
}

function endTree(root: number): void {
  const taskkill = join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'taskkill.exe');
  const options = { stdio: 'ignore', windowsHide: true } as const;
  // Without a listener a failure to start it would end the program.
  spawn(taskkill, ['/T', '/F', '/PID', String(root)], options).on('error', () => {});
}
