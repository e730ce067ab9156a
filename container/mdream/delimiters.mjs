// Emphasis by the rules of CommonMark: which delimiters open and close emphasis, and which cannot be used.
import { joinCode } from './code_spans.mjs'
import { isWhole, narrowAll } from './whole_pieces.mjs'

/** @typedef {{ sign: string, pair: number, opens: boolean }} Delimiter The beginning or the end of emphasis; `pair` is equal for both. */
/** @typedef {string | Delimiter} Piece A part of a line. */

const WORD_BEFORE = /[\p{L}\p{N}]$/u
const WORD_AFTER = /^[\p{L}\p{N}]/u
// Characters that may be moved out of emphasis at its edges; a backslash belongs to the character that it escapes.
const SIGNS_FIRST = /^(?:\\[!-/:-@[-`{-~]|[^\p{L}\p{N}\s\\`[\]<>&])+\s*/u
const SIGNS_LAST = /\s*(?:\\[!-/:-@[-`{-~]|[^\p{L}\p{N}\s\\`[\]<>&;])+$/u
const SPACE = /\s/
const EXCLAMATION_LAST = /(?<!\\)!$/
/** The usual characters before, in and after emphasis, by their codes. */
const BEFORE = signs(' \n(')
const INSIDE = signs('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')
const AFTER = signs(' \n.,;:)')

const NONE = -1
const EVERY = -2
/** Pairs of a line that are left out one by one, and those for which underscores are tried. */
const MOST_TRIES = 50
const MOST_PAIRS = 10
/** Pieces that are examined for one page after a delimiter was found that would be ignored. */
export const MOST_WORK = 500_000
/** Signs that are moved out of emphasis. */
const MOST_SIGNS = 100
/** Delimiters that wait for their other half, beyond which the line is not read further. */
const MOST_OPEN = 100

/**
 * Return the pieces of a line as Markdown whose emphasis parsers read as intended.
 *
 * A punctuation character at the edge of emphasis is moved out of it if a letter follows, because CommonMark would
 * ignore the delimiter there. Links, images, code and formulas are moved out as a whole. Delimiters that are still ignored
 * are left out.
 *
 * @param {Piece[]} written
 * @param {{ left: number }} work Pieces that may still be examined on this page to find what can be left out or written
 *     with underscores. When none are left, a line in which a delimiter would be ignored loses all of them.
 */
export function joined(written, work) {
  if (isSimple(written)) return textOf(written)
  const pieces = withSignsOutside(written)
  narrowAll(pieces, MOST_TRIES)
  for (let tries = 0; ; tries++) {
    let lost = firstLost(pieces)
    if (lost === NONE) break
    if (tries >= MOST_TRIES || work.left <= 0) lost = EVERY
    else if (isReadWithUnderscores(pieces, work)) break
    work.left -= pieces.length
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at]
      if (typeof piece !== 'string' && (piece.pair === lost || lost === EVERY)) pieces[at] = ''
    }
    if (lost === EVERY) break
  }
  joinCode(pieces)
  escapeExclamations(pieces)
  return textOf(pieces)
}

/** Escape each exclamation mark before a link, which would turn it into an image. @param {Piece[]} pieces */
function escapeExclamations(pieces) {
  let next = ''
  for (let at = pieces.length - 1; at >= 0; at--) {
    const piece = pieces[at]
    if (piece === '') continue
    if (next === '[' && typeof piece === 'string' && EXCLAMATION_LAST.test(piece)) pieces[at] = `${piece.slice(0, -1)}\\!`
    next = typeof piece === 'string' ? piece[0] : piece.sign[0]
  }
}

/** @param {Piece[]} pieces */
function textOf(pieces) {
  let text = ''
  for (const piece of pieces) text += typeof piece === 'string' ? piece : piece.sign
  return text
}

/**
 * Return whether a line contains no emphasis, or only such that all parsers read as intended, as nearly all is: it begins
 * after white space and before a letter or digit, ends behind one and before white space or punctuation, and contains no
 * other emphasis.
 *
 * @param {Piece[]} pieces
 */
function isSimple(pieces) {
  let open = NONE
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at]
    if (typeof piece === 'string') continue
    const before = at > 0 ? pieces[at - 1] : ' '
    const after = at < pieces.length - 1 ? pieces[at + 1] : ' '
    if (typeof before !== 'string' || typeof after !== 'string') return false
    if (piece.opens) {
      if (open !== NONE || piece.pair === NONE || !BEFORE[before.charCodeAt(before.length - 1)] || !INSIDE[after.charCodeAt(0)]) return false
      open = piece.pair
    } else {
      if (open !== piece.pair || !INSIDE[before.charCodeAt(before.length - 1)] || !AFTER[after.charCodeAt(0)]) return false
      open = NONE
    }
  }
  return open === NONE
}

/**
 * Write emphasis with underscores if all delimiters are then read as intended, and return whether this is so. Asterisks
 * of emphasis directly beside those of strong emphasis are read differently.
 *
 * @param {Piece[]} pieces
 * @param {{ left: number }} work
 */
function isReadWithUnderscores(pieces, work) {
  const pairs = new Set()
  const besideStrong = new Set()
  let before = ''
  let last = NONE
  for (const piece of pieces) {
    if (typeof piece !== 'string') {
      if (piece.sign === '*') pairs.add(piece.pair)
      if (before === '**' && piece.sign === '*') besideStrong.add(piece.pair)
      if (before === '*' && piece.sign === '**') besideStrong.add(last)
      last = piece.pair
      before = piece.sign
    } else if (piece) before = ''
  }
  const write = (sign, written) => {
    for (const piece of pieces) if (typeof piece !== 'string' && written.has(piece.pair)) piece.sign = sign
  }
  const alone = pairs.size > MOST_PAIRS ? [] : Array.from(pairs, (pair) => new Set([pair]))
  for (const tried of [besideStrong, ...alone]) {
    work.left -= pieces.length
    write('_', tried)
    if (firstLost(pieces) === NONE) return true
    write('*', tried)
  }
  return false
}

/** Return the pieces with the signs at the edges of emphasis moved out of it. @param {Piece[]} pieces @returns {Piece[]} */
function withSignsOutside(pieces) {
  /** @type {Piece[]} */
  const moved = []
  // The beginning of the next piece that has been moved before a delimiter.
  let taken = ''
  for (const [at, piece] of pieces.entries()) {
    if (typeof piece === 'string') {
      moved.push(taken ? piece.slice(taken.length) : piece)
      taken = ''
    } else if (piece.opens) {
      taken = firstSigns(pieces[at + 1], moved)
      if (taken) moved.push(taken)
      moved.push(piece)
    } else {
      const last = moved[moved.length - 1]
      const signs = lastSigns(last, pieces, at)
      if (typeof last === 'string' && signs) moved.splice(-1, 1, last.slice(0, -signs.length), piece, signs)
      else moved.push(piece)
    }
  }
  return moved
}

/** Return the signs that a piece begins with and that move before a delimiter. @param {Piece | undefined} next @param {Piece[]} before */
function firstSigns(next, before) {
  if (typeof next !== 'string' || isWhole(next) || !WORD_BEFORE.test(textBefore(before, before.length).slice(-2))) return ''
  const signs = SIGNS_FIRST.exec(next.slice(0, MOST_SIGNS))?.[0] ?? ''
  return WORD_AFTER.test(next.slice(signs.length)) ? signs : ''
}

/** Return the signs that a piece ends with and that move behind the delimiter at a place. @param {Piece | undefined} last */
function lastSigns(last, pieces, at) {
  if (typeof last !== 'string' || isWhole(last) || !WORD_AFTER.test(textAfter(pieces, at))) return ''
  const signs = SIGNS_LAST.exec(last.slice(-MOST_SIGNS))?.[0] ?? ''
  return WORD_BEFORE.test(last.slice(0, last.length - signs.length).slice(-2)) ? signs : ''
}

/** @param {Piece[]} pieces @param {number} at */
function textBefore(pieces, at) {
  for (let place = at - 1; place >= 0; place--) {
    const piece = pieces[place]
    if (typeof piece !== 'string') return piece.sign
    if (piece) return piece
  }
  return ''
}

/** @param {Piece[]} pieces @param {number} at */
function textAfter(pieces, at) {
  for (let place = at + 1; place < pieces.length; place++) {
    const piece = pieces[place]
    if (typeof piece !== 'string') return piece.sign
    if (piece) return piece
  }
  return ''
}

/**
 * Return a pair whose delimiters CommonMark does not read as a pair, or `NONE`. It reads them in this way: the next run that
 * can close ends the last one before it that can open, two signs of each at once where both have so many.
 *
 * @param {Piece[]} pieces
 */
function firstLost(pieces) {
  const open = []
  for (const run of runsOf(pieces)) {
    while (run.closes && run.from < run.to) {
      const at = open.findLastIndex((one) => fits(one, run))
      if (at < 0) break
      const opener = open[at]
      const used = Math.min(opener.to - opener.from, run.to - run.from) >= 2 ? 2 : 1
      const begin = opener.parts.find((part) => part.at === opener.to - used)
      const end = run.parts.find((part) => part.at === run.from)
      if (!begin || !end || begin.pair !== end.pair || !begin.opens || end.opens) return (end ?? begin ?? run.parts[0]).pair
      open.length = at + 1
      opener.to -= used
      run.from += used
      if (opener.from === opener.to) open.pop()
    }
    if (run.from === run.to) continue
    const rest = run.parts.find((part) => part.at >= run.from) ?? run.parts[0]
    if (!run.opens) return rest.pair
    open.push(run)
    if (open.length > MOST_OPEN) break
  }
  return open.length ? open[open.length - 1].parts[0].pair : NONE
}

/** Return whether a run can be closed by another one. */
function fits(opener, closer) {
  if (opener.character !== closer.character) return false
  if (opener.character === '~') return true
  return !(opener.closes || closer.opens) || (opener.length + closer.length) % 3 !== 0
    || (opener.length % 3 === 0 && closer.length % 3 === 0)
}

/**
 * Yield the runs of equal delimiters of a line, with what they can do by the characters beside them. A line may have
 * hundreds of thousands of runs, which together need much memory.
 */
function* runsOf(pieces) {
  for (let at = 0; at < pieces.length; at++) {
    if (typeof pieces[at] === 'string') continue
    const character = pieces[at].sign[0]
    const parts = []
    let length = 0
    let end = at
    for (; end < pieces.length; end++) {
      if (pieces[end] === '') continue
      if (typeof pieces[end] === 'string' || pieces[end].sign[0] !== character) break
      parts.push({ at: length, pair: pieces[end].pair, opens: pieces[end].opens })
      length += pieces[end].sign.length
    }
    const before = lastCharacter(textBefore(pieces, at))
    const after = firstCharacter(textAfter(pieces, end - 1))
    const isLeft = !isSpace(after) && (isWord(after) || !isWord(before))
    const isRight = !isSpace(before) && (isWord(before) || !isWord(after))
    yield {
      character,
      parts,
      length,
      from: 0,
      to: length,
      opens: isLeft && (character !== '_' || !isRight || !isWord(before)),
      closes: isRight && (character !== '_' || !isLeft || !isWord(after)),
    }
    at = end - 1
  }
}

function lastCharacter(text) {
  return [...text.slice(-2)].at(-1) ?? ''
}

function firstCharacter(text) {
  return [...text.slice(0, 2)][0] ?? ''
}

function isSpace(character) {
  return character === '' || SPACE.test(character)
}

function isWord(character) {
  return character !== '' && !SPACE.test(character) && !/[\p{P}\p{S}]/u.test(character)
}

/** Return a table with 1 at the codes of some ASCII characters. @param {string} characters */
function signs(characters) {
  const table = new Uint8Array(128)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}
