import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { holdTree, type ProcessTree } from '../platform/index.ts';

export type EndingSignal = 'SIGTERM' | 'SIGKILL';

const onWindows = process.platform === 'win32';

/** On Windows: what each leader started, as far as that can be held. */
const trees = new Map<number, ProcessTree>();

/** To be called as soon as a leader runs, before it has time to start others. */
export function beginGroup(leader: number): void {
  const tree = holdTree(leader);
  if (tree) trees.set(leader, tree);
}

/**
 * Signals the whole process group that `leader` leads. Says nothing where the group is gone or may
 * not be signalled: what follows is decided by what the processes then do.
 * Windows has neither groups nor signals: what `leader` has started is ended at once.
 */
export function signalGroup(leader: number, signal: EndingSignal): void {
  if (onWindows) {
    const tree = trees.get(leader);
    if (tree) tree.end();
    else endTree(leader);
    return;
  }
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: nothing of it is left. EPERM: it took on another user's identity.
  }
}

/** Ends what is left of a group whose leader has ended. */
export function endGroup(leader: number, signal = signalGroup): void {
  if (!onWindows) {
    signal(leader, 'SIGKILL');
    return;
  }
  // Without a hold on it there is only a number, which may belong to another process by now.
  const tree = trees.get(leader);
  tree?.end();
  tree?.release();
  trees.delete(leader);
}

function endTree(root: number): void {
  const taskkill = join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'taskkill.exe');
  const options = { stdio: 'ignore', windowsHide: true } as const;
  // Without a listener a failure to start it would end the program.
  spawn(taskkill, ['/T', '/F', '/PID', String(root)], options).on('error', () => {});
}
