/**
 * Splits TypeScript text into code, comments and strings, so that rules look for a word in code
 * without finding it in prose. A scanner, not a parser: TypeScript 7 has no API for scripts.
 */

/**
 * @typedef {object} Span
 * @property {number} start offset of the first character
 * @property {number} end offset after the last one
 * @property {string} text what stands there; of a string, what is between its quotes
 */

/**
 * @typedef {object} SourceText
 * @property {string} code the text with comments, strings and regular expressions blanked, at the
 *   same length and with the same line breaks; quotes stay
 * @property {Span[]} comments
 * @property {Span[]} strings
 * @property {number | undefined} unclosedAt offset of a string or comment that never ends
 */

const BEFORE_REGEX = new Set('(,=:[!&|?{};+-*%<>~^');
const WORDS_BEFORE_REGEX =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await)$/;
const REGEX = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const QUOTED = /(['"])((?:(?!\1)[^\\\n]|\\[\s\S])*)\1/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const TEMPLATE_TEXT = /(?:[^\\`$]|\\[\s\S]|\$(?!\{))*/y;

/**
 * Scans one file.
 *
 * @param {string} text
 * @returns {SourceText}
 */
export function scanSource(text) {
  const scan = new Scan(text);
  scan.run();
  const { comments, strings, unclosedAt } = scan;
  return { code: scan.code, comments, strings, unclosedAt };
}

class Scan {
  at = 0;
  code = '';
  /** @type {Span[]} */
  comments = [];
  /** @type {Span[]} */
  strings = [];
  /** @type {number | undefined} */
  unclosedAt = undefined;
  /** One entry for each template that is open: how many braces are open in its expression. */
  /** @type {number[]} */
  #templates = [];

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  run() {
    while (this.at < this.text.length && this.unclosedAt === undefined) this.#step();
    if (this.#templates.length > 0) this.#unclosed();
  }

  #step() {
    const char = this.text.charAt(this.at);
    const next = this.text.charAt(this.at + 1);
    if (char === '/' && (next === '/' || next === '*')) this.#comment();
    else if (char === '/' && this.#isRegexAhead()) this.#blank(this.#match(REGEX) ?? '/');
    else if (char === "'" || char === '"') this.#quoted();
    else if (char === '`') this.#template();
    else if (char === '{' || char === '}') this.#brace(char);
    else this.#keep(char);
  }

  #comment() {
    const comment = this.#match(COMMENT);
    if (comment === undefined) return this.#unclosed();
    this.comments.push({ start: this.at, end: this.at + comment.length, text: comment });
    this.#blank(comment);
  }

  #quoted() {
    const quoted = this.#match(QUOTED);
    if (quoted === undefined) return this.#unclosed();
    const content = quoted.slice(1, -1);
    this.strings.push({ start: this.at, end: this.at + quoted.length, text: content });
    this.#keep(quoted.charAt(0));
    this.#blank(content);
    this.#keep(quoted.charAt(0));
  }

  #template() {
    this.#keep('`');
    this.#templateText();
  }

  /** Passes over the text of a template up to its end or its next expression. */
  #templateText() {
    this.#blank(this.#match(TEMPLATE_TEXT) ?? '');
    if (this.text.startsWith('${', this.at)) {
      this.#templates.push(0);
      this.#keep('${');
    } else if (this.text.charAt(this.at) === '`') this.#keep('`');
    else this.#unclosed();
  }

  /** @param {'{' | '}'} brace */
  #brace(brace) {
    this.#keep(brace);
    const open = this.#templates.pop();
    if (open === undefined) return;
    if (brace === '}' && open === 0) this.#templateText();
    else this.#templates.push(brace === '{' ? open + 1 : open - 1);
  }

  #isRegexAhead() {
    const before = this.code.slice(-80).trimEnd();
    const last = before.charAt(before.length - 1);
    if (/(?:\+\+|--)$/.test(before)) return false;
    const mayStart = last === '' || BEFORE_REGEX.has(last) || WORDS_BEFORE_REGEX.test(before);
    return mayStart && this.#match(REGEX) !== undefined;
  }

  /** @param {RegExp} sticky */
  #match(sticky) {
    sticky.lastIndex = this.at;
    return sticky.exec(this.text)?.[0];
  }

  /** @param {string} piece */
  #keep(piece) {
    this.code += piece;
    this.at += piece.length;
  }

  /** @param {string} piece */
  #blank(piece) {
    this.code += piece.replace(/[^\n]/g, ' ');
    this.at += piece.length;
  }

  #unclosed() {
    this.unclosedAt = this.at;
  }
}
