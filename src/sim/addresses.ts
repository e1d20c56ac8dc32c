/**
 * The addresses of a simulated network: every interface and node has one of each family, and the
 * same place always the same.
 */

import type { IpFamily } from '../lib/ip-address.ts';

/** An address of each family, as canonical text. */
export type AddressPair = Readonly<Record<IpFamily, string>>;

export const SOURCE_ADDRESS: AddressPair = { 4: '10.100.0.1', 6: 'fdec:100::1' };
export const TARGET_ADDRESS: AddressPair = { 4: '10.200.0.1', 6: 'fdec:200::1' };

/** Of the nth other target, from 0 on: 10.200.0.(n+2) and fdec:200::(n+2). */
export function otherTargetAddress(n: number): AddressPair {
  return { 4: `10.200.0.${n + 2}`, 6: `fdec:200::${(n + 2).toString(16)}` };
}

/** 64 networks of 64 networks of 64 subnets of 4 addresses. */
const SUBNETS_PER_BLOCK = 64 * 64;

const ROUTERS_PER_BLOCK = 256 * 250;

/**
 * Of the nth router itself (loopback): 10.254.⌊n/250⌋.(1 + n mod 250), after 64 000 of them
 * 10.253 and so on, and fdec:254::(n+1).
 */
export function routerAddress(n: number): AddressPair {
  const m = n % ROUTERS_PER_BLOCK;
  const block = 254 - Math.floor(n / ROUTERS_PER_BLOCK);
  return {
    4: `10.${block}.${Math.floor(m / 250)}.${1 + (m % 250)}`,
    6: `fdec:254::${(n + 1).toString(16)}`,
  };
}

/**
 * Of the two ends of the nth link: end 1 and 2 of the subnets
 * 10.(1+⌊m/64⌋).(m mod 64).(4·⌊n/4096⌋)/30, where m = n mod 4096, and fdec:1:0:n::/64.
 */
export function linkAddress(n: number, end: 1 | 2): AddressPair {
  const m = n % SUBNETS_PER_BLOCK;
  const host = 4 * Math.floor(n / SUBNETS_PER_BLOCK) + end;
  // RFC 5952 §4.2.2 and §4.2.3: `::` stands for the longest run of zeros, which here depends on n.
  const six = n === 0 ? `fdec:1::${end}` : `fdec:1:0:${n.toString(16)}::${end}`;
  return { 4: `10.${1 + Math.floor(m / 64)}.${m % 64}.${host}`, 6: six };
}
