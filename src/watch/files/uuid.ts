/**
 * The name of a connection in all of M-Lab's data: a prefix that no two boots of any two hosts
 * share, and the kernel's socket cookie, as m-lab/uuid writes them.
 */

const COOKIE_DIGITS = 16;

/** `<prefix>_<cookie as 16 hexadecimal digits>`; the cookie is unsigned, 64 bits. */
export function uuidOf(prefix: string, cookie: bigint): string {
  const digits = BigInt.asUintN(64, cookie).toString(16).toUpperCase();
  return `${prefix}_${digits.padStart(COOKIE_DIGITS, '0')}`;
}

/**
 * The prefix of a host: its name, and when it was booted.
 *
 * @param uptimeSeconds since the boot, the first number of /proc/uptime
 */
export function uuidPrefixOf(
  hostname: string,
  { nowMs, uptimeSeconds }: { readonly nowMs: number; readonly uptimeSeconds: number },
): string {
  return `${hostname}_${Math.trunc(nowMs / 1000 - uptimeSeconds)}`;
}
