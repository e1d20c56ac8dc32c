/** Protocol and next-header numbers, from the IANA registry "Protocol Numbers". */

/** Those that this folder reads or writes; all others are passed over. */
export const IP_PROTOCOL = {
  hopByHop: 0,
  icmpv4: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  authentication: 51,
  icmpv6: 58,
  destinationOptions: 60,
} as const;
