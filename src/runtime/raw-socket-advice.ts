/** The commands that give this installation of fantrace the right to raw sockets. */

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
  const rest = (args.length === 0 ? ['isolate', 'TARGET'] : args).map(shellWord).join(' ');
  return `As root, which is given up as soon as the sockets are open:
  sudo ${run} ${rest}
With this one capability, from systemd:
  sudo ${unit} ${run} ${rest}
or for a private copy of node, so that no other script gets it:
  install -m 0700 ${shellWord(execPath)} ${copy}
  sudo setcap cap_net_raw+ep ${copy}
  ${copy} ${shellWord(script)} ${rest}
In a container:
  docker run --cap-add NET_RAW ...     (podman and nerdctl alike)
Without any right: fantrace isolate --simulate NAME, fantrace doctor`;
}

/** A word that a POSIX shell takes as it is. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
