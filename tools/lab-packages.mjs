/**
 * What the lab tests need: Linux, root, and a few commands, which Debian and Ubuntu have as
 * packages. Installs those where it may.
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';

/** Commands that the lab tests start, and the Debian package that each comes in. */
const LAB_COMMANDS = [
  { command: 'ip', package: 'iproute2' },
  { command: 'tc', package: 'iproute2' },
  { command: 'sysctl', package: 'procps' },
  { command: 'nft', package: 'nftables' },
  { command: 'tcpdump', package: 'tcpdump' },
  { command: 'traceroute', package: 'traceroute' },
  { command: 'mtr', package: 'mtr-tiny' },
  { command: 'nc', package: 'netcat-openbsd' },
  { command: 'curl', package: 'curl' },
  { command: 'ping', package: 'iputils-ping' },
  { command: 'scamper', package: 'scamper' },
  { command: 'setpriv', package: 'util-linux' },
  { command: 'chromium', package: 'chromium' },
];

/** Any of these opens the pages that the web tests look at. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The search path with the folders of system commands, which not every root has in it. */
export function labPath() {
  const own = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return [...new Set([...own, ...SYSTEM_FOLDERS])].join(path.delimiter);
}

/**
 * Makes this machine ready for lab tests, as far as it may.
 *
 * @returns {{ obstacle: string, remedy: string } | undefined} what stands in the way and the
 *   command that removes it; undefined when nothing does
 */
export function prepareLab() {
  if (process.platform !== 'linux') {
    return { obstacle: 'not Linux', remedy: 'sudo npm test (on Linux)' };
  }
  if (process.getuid?.() !== 0) return { obstacle: 'not root', remedy: 'sudo npm test' };
  const missing = missingPackages();
  if (missing.length === 0) return undefined;
  const obstacle = `missing: ${missing.join(', ')}`;
  if (!isDebian()) {
    return { obstacle, remedy: 'sudo npm test (once these are installed)' };
  }
  install(missing);
  if (missingPackages().length === 0) return undefined;
  return { obstacle, remedy: `apt-get install ${missing.join(' ')} && npm test` };
}

/**
 * What keeps the web tests from running; they need no root, only a browser.
 *
 * @returns {{ obstacle: string, remedy: string } | undefined}
 */
export function prepareWeb() {
  if (BROWSERS.some(isOnPath)) return undefined;
  return { obstacle: 'missing: chromium', remedy: 'install chromium, then npm test' };
}

/** @returns {string[]} */
function missingPackages() {
  const missing = LAB_COMMANDS.filter(({ command }) => !isOnPath(command));
  return [...new Set(missing.map((entry) => entry.package))];
}

/**
 * Whether a command can be started by its name.
 *
 * @param {string} command
 */
export function isOnPath(command) {
  return labPath()
    .split(path.delimiter)
    .some((folder) => isExecutable(path.join(folder, command)));
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether this is Debian, or a system that says it is like it (os-release(5)). */
function isDebian() {
  try {
    return /^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** @param {string[]} packages */
function install(packages) {
  console.log(`The lab tests need ${packages.join(', ')}: installing with apt-get.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    spawnSync('apt-get', ['-q', ...args], { env, stdio: 'inherit' });
  }
}
