import { expect, test } from 'vitest';
import { asInvokingUser, invokingUser } from './privileges.ts';

test.each([
  { env: { SUDO_UID: '1000', SUDO_GID: '100' }, user: { uid: 1000, gid: 100 } },
  { env: {}, user: undefined },
  { env: { SUDO_UID: '1000' }, user: undefined },
  { env: { SUDO_UID: '0', SUDO_GID: '0' }, user: undefined },
  { env: { SUDO_UID: '1000', SUDO_GID: '0' }, user: undefined },
  { env: { SUDO_UID: '-1', SUDO_GID: '1' }, user: undefined },
  { env: { SUDO_UID: '1e3', SUDO_GID: '1000' }, user: undefined },
  // 2³² − 1 means "leave as it is" to setuid(2).
  { env: { SUDO_UID: '4294967295', SUDO_GID: '1' }, user: undefined },
  { env: { SUDO_UID: '99999999999', SUDO_GID: '1' }, user: undefined },
])('$env is $user', ({ env, user }) => {
  expect(invokingUser(env)).toEqual(user);
});

test('what is called as the invoking user may throw, and the ids come back', () => {
  const before = [process.geteuid?.(), process.getegid?.(), process.getgroups?.().sort()];
  expect(() =>
    asInvokingUser(() => {
      throw new Error('denied');
    }),
  ).toThrow('denied');
  expect([process.geteuid?.(), process.getegid?.(), process.getgroups?.().sort()]).toEqual(before);
});
