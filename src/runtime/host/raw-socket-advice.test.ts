import { expect, test } from 'vitest';
import { grantAdvice, markAdvice, pingSocketAdvice } from './raw-socket-advice.ts';

test('commands have full paths and the arguments that were given, quoted for a shell', () => {
  const advice = grantAdvice({
    execPath: '/home/a b/.nvm/bin/node',
    argv: ['node', '/home/a b/fantrace', 'isolate', 'x; rm -rf ~', "it's"],
  });
  const run = `'/home/a b/.nvm/bin/node' '/home/a b/fantrace' isolate 'x; rm -rf ~' 'it'\\''s'\n`;
  expect(advice).toContain(`  sudo ${run}`);
  expect(advice).toContain(`AmbientCapabilities=CAP_NET_RAW`);
  expect(advice).toContain(`sudo setcap cap_net_raw+ep ~/.local/bin/fantrace-node\n`);
});

test('without arguments it shows where they go', () => {
  const advice = grantAdvice({ execPath: '/usr/bin/node', argv: ['node', '/usr/bin/fantrace'] });
  expect(advice).toContain('sudo /usr/bin/node /usr/bin/fantrace isolate TARGET\n');
  expect(advice).toContain('Without any right: fantrace paths HOST and fantrace trace HOST (');
});

test('whatever is denied, a command grants it', () => {
  const argv = ['node', '/usr/bin/fantrace', 'trace', '--mark', '5', 'a.example'];
  const call = { execPath: '/usr/bin/node', argv };
  const sudo = '  sudo /usr/bin/node /usr/bin/fantrace trace --mark 5 a.example\n';
  expect(markAdvice(call)).toContain(sudo);
  expect(pingSocketAdvice(call)).toContain(sudo);
  expect(pingSocketAdvice(call)).toContain(
    "  sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'\n",
  );
});
