import { expect, test } from 'vitest';
import { asInvokingUser, invokingUser, userNamed } from './privileges.ts';

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

test.each([
  ['daemon', { uid: 1, gid: 7 }],
  ['1', { uid: 1, gid: 7 }],
  ['nobody', { uid: 65_534, gid: 65_534 }],
  ['7', undefined], // a group
  ['dae', undefined],
  ['', undefined],
])('the user %j', (name, ids) => {
  const passwd = [
    'root:x:0:0:root:/root:/bin/bash',
    'daemon:x:1:7:daemon:/usr/sbin:/usr/sbin/nologin',
    '# a comment',
    'nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin',
    '',
  ].join('\n');
  expect(userNamed(name, passwd)).toEqual(ids);
});
