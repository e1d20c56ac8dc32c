/** `fantrace watch`: traces back every TCP connection of this host once it has ended. */

import { Command } from 'commander';
import { requireHeeded, type WatchFlags, watchFlags } from './watch-flags.ts';

const EXIT_STOPPED = 0;
const EXIT_LOST = 2;

const EXAMPLES = `
Signals:
  SIGTERM, SIGINT  stop: traces under way get the time of --drain
  SIGHUP           read the settings file anew

Exit status:
  0    stopped, and every result is on the disk
  2    stopped, but results were lost, as the disk did not take them
  1    could not watch

Examples:
  sudo fantrace watch --output /var/spool/fantrace --listen 127.0.0.1:9990
  sudo fantrace watch --ports 80,443 --exclude 10.0.0.0/8 --sample 10%
  sudo fantrace watch --source eventsocket --eventsocket /run/tcpinfo.sock
  fantrace watch --dry-run`;

/** The command, for the program to add. */
export function watchCommand(): Command {
  const command = new Command('watch')
    .summary('trace back every TCP connection of this host, once it has ended')
    .description(
      'Hears of every TCP connection of this host that ends, finds the paths to its client, ' +
        "once per --cache, and writes a file per connection that M-Lab's pipeline reads.",
    );
  for (const option of watchFlags()) command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(async (flags: WatchFlags, _: unknown) => {
    process.exitCode = await watch(flags, command);
  });
}

async function watch(flags: WatchFlags, command: Command): Promise<number> {
  requireHeeded(flags);
  if (flags.dryRun) {
    const { formatPlan } = await import('./watch-plan.ts');
    process.stdout.write(formatPlan(flags));
    return EXIT_STOPPED;
  }
  const { runWatch } = await import('./watch-run.ts');
  const lost = await runWatch(flags, () => rereadFlags(command));
  return lost > 0 ? EXIT_LOST : EXIT_STOPPED;
}

/** The flags as settings and environment have them by now; those of the command line stay. */
async function rereadFlags(command: Command): Promise<WatchFlags> {
  const program = command.parent;
  let reread: WatchFlags | undefined;
  command.action((flags: WatchFlags) => {
    reread = flags;
  });
  await program?.parseAsync(process.argv);
  if (reread === undefined) throw new Error('the command line names no watch');
  return reread;
}
