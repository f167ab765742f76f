const groups = new Set<number>();

/** Process groups that are running now. Should this process exit first, it takes them along. */
export const LiveGroups = {
  add(pid: number): void {
    if (groups.size === 0) process.once('exit', killAll);
    groups.add(pid);
  },

  delete(pid: number): void {
    groups.delete(pid);
    if (groups.size === 0) process.off('exit', killAll);
  },

  /** A group that is gone already is no error. */
  signal(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch {
      // ESRCH: the whole group has ended. EPERM: its last member is being reaped.
    }
  },

  count(): number {
    return groups.size;
  },

  /** For an end by signal, which emits no `exit`. */
  killAll,
};

function killAll(): void {
  for (const pid of groups) LiveGroups.signal(pid, 'SIGKILL');
}
