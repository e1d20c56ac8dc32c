/**
 * Draws the terminal picture on top of the README, docs/isolate.svg, from what the command really
 * prints. `npm run picture` after the output has changed; `--check` only tells whether it has.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PICTURE = `${ROOT}docs/isolate.svg`;
const ARGUMENTS = ['isolate', '--simulate', 'one-link-loses-20-percent', '--seed', '3'];
const TYPED = `$ fantrace ${ARGUMENTS.join(' ')}`;

const COLUMN = 8.4;
const LINE = 19;
const MARGIN = 18;
const TITLE_BAR = 34;
/** SGR codes by the names of the report's paint. */
const STYLES = { strong: 1, dim: 2, bad: 31 };
const COLORS = { background: '#11161d', text: '#d6dde6', dim: '#7d8896', bad: '#ff7b72' };

/** @param {string} text @returns {string} */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * One line of terminal output as SVG text; only the styles that the report uses are known.
 *
 * @param {string} line
 * @param {number} y
 */
function lineToSvg(line, y) {
  let style = '';
  const spans = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal acts on
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    const code = part.startsWith('\u001b') ? part.slice(2, -1) : undefined;
    if (code === '1') style = 'font-weight="bold"';
    else if (code === '2') style = `fill="${COLORS.dim}"`;
    else if (code === '31') style = `fill="${COLORS.bad}"`;
    else if (code !== undefined) style = '';
    else if (part !== '') spans.push(`<tspan ${style}>${escaped(part)}</tspan>`);
  }
  return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spans.join('')}</text>`;
}

/** @param {readonly string[]} lines */
function picture(lines) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: styles take no room
  const lengths = lines.map((line) => line.replaceAll(/\u001b\[\d+m/g, '').length);
  const width = Math.ceil(2 * MARGIN + Math.max(...lengths) * COLUMN);
  const height = TITLE_BAR + lines.length * LINE + MARGIN;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, i) => `<circle cx="${MARGIN + 6 + i * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  const body = lines.map((line, i) => lineToSvg(line, TITLE_BAR + (i + 1) * LINE - 5));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"
  role="img" aria-label="What fantrace isolate prints: the lossy link, and the paths as a graph"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${COLORS.text}">
<rect width="100%" height="100%" rx="9" fill="${COLORS.background}"/>
${dots.join('')}
${body.join('\n')}
</svg>
`;
}

execFileSync(process.execPath, [`${ROOT}tools/build.mjs`, '--if-needed'], { stdio: 'inherit' });
const { formatIsolateText } = await import(`${ROOT}dist/report/isolate/isolate-text.js`);
const printed = spawnSync(
  process.execPath,
  [`${ROOT}dist/bundle/main.js`, ...ARGUMENTS, '--json'],
  {
    encoding: 'utf8',
  },
);
const paint = Object.fromEntries(
  Object.entries(STYLES).map(([style, code]) => [
    style,
    (/** @type {string} */ text) => `\u001b[${code}m${text}\u001b[0m`,
  ]),
);
const stdout = formatIsolateText(JSON.parse(printed.stdout), { width: 100, paint });
const drawn = picture([TYPED, '', ...stdout.trimEnd().split('\n')]);
if (process.argv.includes('--check')) {
  if (readFileSync(PICTURE, 'utf8') !== drawn) {
    console.error('docs/isolate.svg shows an older output: run `npm run picture`');
    process.exitCode = 1;
  }
} else {
  writeFileSync(PICTURE, drawn);
}
