/**
 * Checks what no linter knows about this project: which folder may import which, what the core may
 * not read, names, sizes and comments. `npm run tidy` runs it on src/.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { scanSource } from './source-text.mjs';

/** @typedef {import('./source-text.mjs').SourceText} SourceText */

/**
 * @typedef {object} Finding
 * @property {string} rule
 * @property {string} file path from src, with `/`
 * @property {number} line from 1; 0 when the whole file is meant
 * @property {string} message
 * @property {boolean} isWarning
 */

/**
 * @typedef {object} SourceFile
 * @property {string} file path from src, with `/`
 * @property {string} layer
 * @property {boolean} isTest
 * @property {string} text
 * @property {SourceText} source
 * @property {Export[]} exports
 */

/** @typedef {{ kind: string, name: string, at: number }} Export */
/** @typedef {{ at?: number, message: string, isWarning?: boolean }} Remark */
/** @typedef {(file: SourceFile) => Iterable<Remark>} Rule */

const ENGINE = ['lib', 'model', 'wire', 'algorithms', 'probing', 'sim', 'native'];

/**
 * Folder → folders that it may import, beside itself. `index` stands for src/index.ts.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const LAYERS = {
  lib: [],
  model: ['lib'],
  wire: ['lib'],
  algorithms: ['lib', 'model'],
  probing: ['lib', 'model', 'wire'],
  sim: ['lib', 'model', 'wire'],
  native: ['lib'],
  runtime: ENGINE,
  report: ['lib', 'model'],
  watch: ['lib', 'model', 'report', 'runtime'],
  tui: ['lib', 'model', 'report'],
  web: ['lib', 'model', 'report'],
  fleet: ['lib', 'model', 'runtime'],
  store: ['lib', 'model', 'runtime'],
  cli: [...ENGINE, 'runtime', 'report', 'watch', 'tui', 'web', 'fleet', 'store', 'index'],
  index: [...ENGINE, 'runtime', 'report', 'watch', 'tui', 'web', 'fleet', 'store'],
};

/** The layers that read no clock, no randomness of their own and no socket. */
const CORE = new Set(['lib', 'model', 'wire', 'algorithms', 'probing', 'sim']);

const CORE_BANS = [
  { pattern: /\bDate\b/g, message: 'Date: time is an argument in the core' },
  { pattern: /\bperformance\b/g, message: 'performance: time is an argument in the core' },
  { pattern: /\bIntl\b/g, message: 'Intl: it reads the clock and the locale' },
  { pattern: /\bMath\s*\.\s*random\b/g, message: 'Math.random: take a Random from the caller' },
  { pattern: /\bMath\b(?!\s*\.\s*\w)/g, message: 'Math as a value: it hides Math.random' },
  { pattern: /\bglobalThis\b/g, message: 'globalThis: it hides clocks and randomness' },
];

const BANNED_WORDS = new Set(
  'util utils helper helpers common misc manager managers info base impl'.split(' '),
);

/** Names that a standard or a system interface gives, in kebab case. */
const FOREIGN_TERMS = ['interface-info', 'tcp-info'];

const LINES_MAX = 500;
const LINES_WARN = 300;
const COLUMNS_MAX = 100;

/**
 * Every rule by its name.
 *
 * @type {Readonly<Record<string, Rule>>}
 */
export const RULES = {
  readable: unreadableText,
  layer: forbiddenImports,
  core: coreBans,
  'default-export': defaultExports,
  name: bannedNames,
  length: longFile,
  columns: longLines,
  'module-comment': missingModuleComment,
  docstring: missingDocstrings,
  todo: looseTodos,
};

/**
 * Checks every TypeScript file under a folder.
 *
 * @param {string} src the folder that holds the layers
 * @returns {{ findings: Finding[], files: number }}
 */
export function tidy(src) {
  const names = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(src, path.join(entry.parentPath, entry.name)))
    .map((name) => name.split(path.sep).join('/'))
    .sort();
  const findings = names.flatMap((file) => {
    if (/\.ts$/.test(file)) return checkFile(file, readFileSync(path.join(src, file), 'utf8'));
    if (!/\.[cm]?[jt]sx?$/.test(file)) return [];
    const message = 'tidy reads .ts only: teach it this kind first';
    return [{ rule: 'readable', file, line: 0, message, isWarning: false }];
  });
  return { findings, files: names.length };
}

/**
 * Checks one file.
 *
 * @param {string} name path from src, with `/`
 * @param {string} text
 * @returns {Finding[]}
 */
export function checkFile(name, text) {
  const source = scanSource(text);
  const layer = layerOf(name);
  const isTest = name.endsWith('.test.ts');
  const file = { file: name, layer, isTest, text, source, exports: exportsOf(source.code) };
  return Object.entries(RULES).flatMap(([rule, check]) =>
    [...check(file)].map(({ at, message, isWarning = false }) => ({
      rule,
      file: name,
      line: at === undefined ? 0 : text.slice(0, at).split('\n').length,
      message,
      isWarning,
    })),
  );
}

/** @type {Rule} */
function* unreadableText({ source }) {
  if (source.unclosedAt === undefined) return;
  yield { at: source.unclosedAt, message: 'a string or comment does not end' };
}

/** @type {Rule} */
function* forbiddenImports({ file, layer, isTest, source }) {
  if (LAYERS[layer] === undefined) {
    yield { message: `${layer} is no layer: give it a row in LAYERS` };
  } else if (!isTest) {
    for (const match of source.code.matchAll(/\b(?:import|require)\s*\(\s*[^'"\s]/g)) {
      yield { at: match.index, message: 'the path of an import must be a literal, to be checked' };
    }
    for (const { start, text: target } of importPaths(source)) {
      const message = whyForbidden({ file, layer, target });
      if (message !== undefined) yield { at: start, message };
    }
  }
}

/**
 * @param {{ file: string, layer: string, target: string }} arrow
 * @returns {string | undefined}
 */
function whyForbidden({ file, layer, target }) {
  if (!target.startsWith('.')) {
    return CORE.has(layer) ? `${target}: the core imports no package` : undefined;
  }
  const imported = path.posix.join(path.posix.dirname(file), target);
  if (imported.startsWith('../')) return `${target} lies outside src`;
  const allowed = LAYERS[layer] ?? [];
  const other = layerOf(imported);
  if (other === layer || allowed.includes(other)) return undefined;
  return `${layer} may not import ${other} (it may: ${allowed.join(', ') || 'nothing'})`;
}

/** @param {SourceText} source */
function importPaths({ code, strings }) {
  const before = /(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*$/;
  return strings.filter(({ start }) => before.test(code.slice(Math.max(0, start - 40), start)));
}

/**
 * The first folder of a path from src; `index` for src/index.ts, and no layer's name for any other
 * file that lies in src itself.
 *
 * @param {string} file
 */
function layerOf(file) {
  const [first = '', ...rest] = file.split('/');
  return rest.length === 0 && first === 'index.ts' ? 'index' : first;
}

/** @type {Rule} */
function* coreBans({ layer, isTest, source }) {
  if (isTest || !CORE.has(layer)) return;
  for (const { pattern, message } of CORE_BANS) {
    for (const match of source.code.matchAll(pattern)) yield { at: match.index, message };
  }
}

/** @type {Rule} */
function* defaultExports({ source }) {
  for (const match of source.code.matchAll(/\bexport\s+default\b|\bas\s+default\b/g)) {
    yield { at: match.index, message: 'a default export: give it a name' };
  }
}

/** @type {Rule} */
function* bannedNames({ file, exports }) {
  for (const part of file.replace(/(?:\.test)?\.ts$/, '').split('/')) {
    const word = bannedWordIn(part);
    if (word !== undefined) yield { message: `"${word}" in ${part} says nothing: name the thing` };
  }
  for (const { name, at } of exports) {
    const word = bannedWordIn(name);
    if (word !== undefined) yield { at, message: `"${word}" in ${name} says nothing` };
  }
}

/** @param {string} name a file name or an identifier, in any case */
function bannedWordIn(name) {
  if (name.startsWith('internal_')) return 'internal_';
  const kebab = name
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/[_.\s]/g, '-')
    .toLowerCase();
  const own = FOREIGN_TERMS.reduce((rest, term) => rest.replace(term, ''), kebab);
  const words = own.split('-').filter((word) => word !== '');
  if (words.length > 0 && words.at(-1) === 'data') return 'data';
  return words.find((word) => BANNED_WORDS.has(word));
}

/** @type {Rule} */
function* longFile({ file, isTest, text }) {
  if (isTest || /-tables?\.ts$/.test(file)) return;
  const lines = text.trimEnd().split('\n').length;
  const isWarning = lines <= LINES_MAX;
  if (lines > LINES_WARN) yield { message: `${lines} lines, ${LINES_WARN} is plenty`, isWarning };
}

/** @type {Rule} */
function* longLines({ text }) {
  let at = 0;
  for (const line of text.split('\n')) {
    const columns = [...line].length;
    if (columns > COLUMNS_MAX && !/^\W*https?:\S+$/.test(line)) {
      yield { at, message: `${columns} columns, ${COLUMNS_MAX} fit` };
    }
    at += line.length + 1;
  }
}

/** @type {Rule} */
function* missingModuleComment({ isTest, text, source }) {
  if (isTest) return;
  const [first] = source.comments;
  const shebang = /^#![^\n]*\n/.exec(text)?.[0] ?? '';
  const isFirst = first !== undefined && text.slice(shebang.length, first.start).trim() === '';
  const isDocBlock = isFirst && first.text.startsWith('/**');
  if (isDocBlock && /^\s*(?:\n\s*\n|\n(?:import|export\s*\{)|$)/.test(text.slice(first.end)))
    return;
  yield { at: 0, message: 'no module comment: open with what this file knows' };
}

/** @type {Rule} */
function* missingDocstrings({ isTest, source, exports }) {
  if (isTest) return;
  const explained = new Set();
  for (const { kind, name, at } of exports) {
    if (!['function', 'class'].includes(kind) || explained.has(name)) continue;
    if (isExplained(source, at)) explained.add(name);
    else yield { at, message: `${kind} ${name} has no docstring` };
  }
}

/**
 * Whether a doc comment stands right above an offset, with no empty line between.
 *
 * @param {SourceText} source
 * @param {number} at
 */
function isExplained({ code, comments }, at) {
  const above = comments.filter(({ end }) => end <= at).at(-1);
  return (
    above?.text.startsWith('/**') === true && /^[ \t]*\n[ \t]*$/.test(code.slice(above.end, at))
  );
}

/** @type {Rule} */
function* looseTodos({ source }) {
  for (const { start, text } of source.comments) {
    for (const match of text.matchAll(/\b(?:TODO|FIXME)\b(?!\s*\(?#\d)/g)) {
      yield { at: start + match.index, message: `${match[0]} without an issue number (#12)` };
    }
  }
}

/** What follows the name of a constant that holds a function. */
const FUNCTION_VALUE =
  /^(?:\s*:[^;\n]*?)?\s*=(?!>)\s*(?:async\s*)?(?:\([^;]*?\)(?:\s*:[^;={]+)?\s*=>|[\w$]+\s*=>|function\b)/;

/**
 * What a file exports by name; `export { a as b }` counts as b.
 *
 * @param {string} code blanked text
 * @returns {Export[]}
 */
function exportsOf(code) {
  const declared =
    /\bexport\s+(?:(?:declare|abstract|async)\s+)*(const|let|var|function|class|interface|type|enum)\b\s*\*?\s*([\w$]+)/g;
  const found = [...code.matchAll(declared)].map((match) => {
    const [declaration, kind = '', name = ''] = match;
    const rest = code.slice(match.index + declaration.length);
    const isFunction = kind === 'const' && FUNCTION_VALUE.test(rest);
    return { kind: isFunction ? 'function' : kind, name, at: match.index };
  });
  for (const list of code.matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}/g)) {
    for (const item of list[1]?.split(',') ?? []) {
      const name = item.trim().split(/\s+/).at(-1);
      if (name) found.push({ kind: 'list', name, at: list.index });
    }
  }
  return found;
}

/** Prints what it finds in src/ and sets the exit status. */
function main() {
  const src = fileURLToPath(new URL('../src', import.meta.url));
  const { findings, files } = tidy(src);
  for (const { rule, file, line, message, isWarning } of findings) {
    const place = line === 0 ? `src/${file}` : `src/${file}:${line}`;
    console.log(`${isWarning ? 'warning' : 'error'} ${place} ${message} [${rule}]`);
  }
  const errors = findings.filter(({ isWarning }) => !isWarning).length;
  console.log(`tidy: ${files} files, ${errors} errors, ${findings.length - errors} warnings`);
  if (errors > 0 || files === 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
