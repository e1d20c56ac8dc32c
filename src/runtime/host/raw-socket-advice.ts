/** The commands that give this installation of fantrace the rights that it may lack. */

/** Lets every user of a host open ping sockets, over IPv4 and IPv6. */
export const PING_GRANT = "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'";

/** Commands that do without a right by UDP, so that only TCP lacks it. */
const UDP_WITHOUT_RIGHTS: ReadonlySet<string> = new Set(['trace', 'paths']);

/** What the commands depend on; `process` has it all. */
export interface Invocation {
  /** Of node. */
  readonly execPath: string;
  readonly argv: readonly string[];
}

/**
 * How to get `CAP_NET_RAW`, each way with the command to type: full paths, because sudo and
 * systemd look for programs in the folders of the system only, where a node of the user's is not.
 */
export function grantAdvice({ execPath, argv }: Invocation): string {
  const [, script = 'fantrace', ...args] = argv;
  const run = [execPath, script].map(shellWord).join(' ');
  const bounds = [
    'DynamicUser=yes',
    'AmbientCapabilities=CAP_NET_RAW',
    'CapabilityBoundingSet=CAP_NET_RAW',
    'NoNewPrivileges=yes',
  ];
  const unit = `systemd-run --pty --quiet ${bounds.map((bound) => `-p ${bound}`).join(' ')}`;
  const copy = '~/.local/bin/fantrace-node';
  const byUdp = UDP_WITHOUT_RIGHTS.has(args[0] ?? '')
    ? 'the same with --protocol udp'
    : 'fantrace paths HOST and fantrace trace HOST (which routers, not what they lose)';
  const rest = (args.length === 0 ? ['isolate', 'TARGET'] : args).map(shellWord).join(' ');
  return `${sudoAdvice({ execPath, argv })}
With this one capability, from systemd:
  sudo ${unit} ${run} ${rest}
or for a private copy of node, so that no other script gets it:
  install -m 0700 ${shellWord(execPath)} ${copy}
  sudo setcap cap_net_raw+ep ${copy}
  ${copy} ${shellWord(script)} ${rest}
In a container:
  docker run --cap-add NET_RAW ...     (podman and nerdctl alike)
Without any right: ${byUdp}, fantrace isolate --simulate NAME, fantrace doctor`;
}

/** The same run as root, which is enough for everything. */
export function sudoAdvice({ execPath, argv }: Invocation): string {
  const [, script = 'fantrace', ...args] = argv;
  const words = [execPath, script, ...(args.length === 0 ? ['isolate', 'TARGET'] : args)];
  return `As root, which is given up as soon as the sockets are open:
  sudo ${words.map(shellWord).join(' ')}`;
}

/** How to get a ping socket, which needs a setting of the host and no right. */
export function pingSocketAdvice(invocation: Invocation): string {
  return `For all users of this host:
  ${PING_GRANT}
${sudoAdvice(invocation)}
Without any right: --protocol udp`;
}

/** How to get the right to mark packets. */
export function markAdvice(invocation: Invocation): string {
  return `${sudoAdvice(invocation)}
or with the capability CAP_NET_RAW (before Linux 5.17 CAP_NET_ADMIN). Without any right: no mark`;
}

/** A word that a POSIX shell takes as it is. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
