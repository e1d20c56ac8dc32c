/** Where monitoring is served, as flags name it. */

export interface ListenAddress {
  /** That named it, for errors. */
  readonly flag: string;
  /** Undefined for all addresses. */
  readonly host: string | undefined;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** Reads `PORT`, `:PORT`, `HOST:PORT` or `[HOST]:PORT`; undefined for anything else. */
export function parseListenAddress(flag: string, text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]:|([^:]*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port <= PORT_MAX)) return undefined;
  return { flag, host: bracketed ?? (plain || undefined), port };
}
