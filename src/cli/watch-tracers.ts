/** The tracers that `--tracer` names. */

import { hostname } from 'node:os';
import { NativeTracer } from '../watch/native-tracer.ts';
import type { Tracer, TracerName } from '../watch/tracer.ts';
import { CliError } from './cli-error.ts';
import type { WatchFlags } from './watch-flags.ts';

/** In the order given. */
export async function openTracers(flags: WatchFlags): Promise<Tracer[]> {
  return Promise.all(flags.tracer.map((name) => open(name, flags)));
}

async function open(name: TracerName, flags: WatchFlags): Promise<Tracer> {
  const { kind, method, dns: names, rate, ratePerInterface } = flags;
  switch (name) {
    case 'native':
      return new NativeTracer({
        kind,
        method,
        names,
        rate,
        ratePerInterface,
        hostname: hostname(),
      });
    default:
      throw new CliError('USAGE', `--tracer: ${name} is not known`);
  }
}
