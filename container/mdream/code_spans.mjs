// Code spans of a line.

const FENCE = /^`+/
/** Backticks of a fence around a code span, beyond which some parsers read none. */
const MOST_BACKTICKS = 80
const UNCLEAR_IN_CELL = /\\\\\|/

/** Return text as a code span. @param {string} text @param {boolean} isInCell */
export function codeSpan(text, isInCell) {
  let fence = '`'
  if (text.includes('`')) {
    const runs = new Set(text.match(/`+/g)?.map((run) => run.length))
    while (runs.has(fence.length)) fence += '`'
  }
  if (fence.length > MOST_BACKTICKS) return codeSpan(text.replaceAll('`', '\''), isInCell)
  const isPadded = text.startsWith('`') || text.endsWith('`') || (text.startsWith(' ') && text.endsWith(' '))
  const inner = isPadded ? ` ${text} ` : text
  return `${fence}${isInCell ? inner.replaceAll('|', '\\|') : inner}${fence}`
}

/**
 * Join code spans that follow each other directly in a line, because parsers would read their backticks as one run. Empty
 * pieces are those of delimiters that have been left out.
 *
 * @param {import('./delimiters.mjs').Piece[]} pieces
 */
export function joinCode(pieces) {
  for (let at = 0; at < pieces.length; at++) {
    if (!isCode(pieces[at])) continue
    const spans = [at]
    let next = at + 1
    for (; pieces[next] === '' || isCode(pieces[next]); next++) if (pieces[next]) spans.push(next)
    if (spans.length > 1) {
      const text = spans.map((place) => codeIn(pieces[place])).join('')
      // In a cell, the backslash would be read as that of the pipe.
      const isUnclear = UNCLEAR_IN_CELL.test(text)
      for (const place of spans) pieces[place] = isUnclear ? `${pieces[place]} ` : ''
      if (!isUnclear) pieces[at] = codeSpan(text, false)
    }
    at = next - 1
  }
}

/** Return whether a piece is a code span; text has a backslash before each backtick. */
function isCode(piece) {
  return typeof piece === 'string' && piece.startsWith('`') && piece.endsWith('`')
}

function codeIn(span) {
  const length = FENCE.exec(span)?.[0].length ?? 0
  const inner = span.slice(length, -length)
  return inner.startsWith(' ') && inner.endsWith(' ') && inner.trim() ? inner.slice(1, -1) : inner
}

/**
 * Return a formula for a cell of a table. Parsers differ in whether a backslash before a pipe is that of a command of TeX.
 *
 * @param {string} formula
 */
export function formulaInCell(formula) {
  // A space ends the command before a letter. Before the closing dollar sign, it would be no formula for some parsers.
  return formula.replace(/\\\|(?=([a-z])?)|\\[^]|\|/gi, (found, letter) => (
    found === '|' ? '\\|' : found === '\\|' ? (letter ? '\\Vert ' : '\\Vert') : found))
}
