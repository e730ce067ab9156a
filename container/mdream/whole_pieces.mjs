// Pieces of a line that cannot be divided (links, images, code, formulas), at the edges of emphasis.

/** @typedef {import('./delimiters.mjs').Piece} Piece */

const WORD_BEFORE = /[\p{L}\p{N}]$/u
const WORD_AFTER = /^[\p{L}\p{N}]/u
const SPACE = /^\s*$/
/** A label of a link that can be emphasised: it begins and ends with a word, and contains no other marks. */
const PLAIN_LABEL = /^[\p{L}\p{N}](?:[^*_~`[\]\\\n]*[\p{L}\p{N}])?$/u

/** Return whether a piece cannot be divided. Text has a backslash before a bracket and a backtick. @param {Piece | undefined} piece */
export function isWhole(piece) {
  if (typeof piece !== 'string') return false
  switch (piece[0]) {
    case '[': return piece.endsWith(')')
    case '!': return piece.startsWith('![') && piece.endsWith(')')
    case '`': return piece.endsWith('`')
    case '$': return piece.length > 2 && piece.endsWith('$')
    case '<': return piece.startsWith('<http') && piece.endsWith('>')
    default: return false
  }
}

/**
 * Narrow emphasis by the whole piece at its edge if a letter directly before or behind the emphasis makes parsers ignore
 * the delimiter there. The label of a link is emphasised on its own.
 *
 * @param {Piece[]} pieces
 * @param {number} most How many delimiters are moved at most, because each takes time in proportion to the line.
 */
export function narrowAll(pieces, most) {
  for (let at = 0, moved = 0; at < pieces.length && moved < most; at++) {
    const piece = pieces[at]
    if (typeof piece === 'string' || !isBesideWord(pieces, at, piece.opens ? 1 : -1)) continue
    const end = pieces.findIndex((one) => typeof one !== 'string' && one !== piece && one.pair === piece.pair)
    if (end < 0) continue
    narrow(pieces, at, end, piece.opens ? 1 : -1)
    moved++
  }
}

/** Return whether a delimiter is between a whole piece, in the direction `step`, and a letter. */
function isBesideWord(pieces, at, step) {
  const outside = pieces[nextFilled(pieces, at, -step)]
  if (typeof outside !== 'string' || !isWhole(pieces[nextFilled(pieces, at, step)])) return false
  return step < 0 ? WORD_AFTER.test(outside) : WORD_BEFORE.test(outside.slice(-2))
}

/** Move a delimiter into its emphasis, over a whole piece. `step` is the direction to the other delimiter, at `end`. */
function narrow(pieces, at, end, step) {
  const delimiter = pieces[at]
  let last = nextFilled(pieces, at, step)
  pieces[last] = emphasised(pieces[last], delimiter.sign)
  pieces[at] = ''
  let next = nextFilled(pieces, last, step)
  while (next !== end && typeof pieces[next] === 'string' && SPACE.test(pieces[next])) {
    last = next
    next = nextFilled(pieces, next, step)
  }
  if (next === end) pieces[end] = ''
  else pieces.splice(step < 0 ? last : last + 1, 0, delimiter)
}

/** Return the place of the next piece that is not empty, in a direction. */
function nextFilled(pieces, at, step) {
  let place = at + step
  while (pieces[place] === '') place += step
  return place
}

/** Return a link with its label emphasised; other pieces unchanged. @param {string} piece @param {string} sign */
function emphasised(piece, sign) {
  if (piece[0] !== '[') return piece
  // Destinations in angle brackets contain no other angle bracket, and other destinations no bracket.
  const at = piece.lastIndexOf(piece.endsWith('>)') ? '](<' : '](')
  const label = piece.slice(1, at)
  return at > 0 && PLAIN_LABEL.test(label) ? `[${sign}${label}${sign}${piece.slice(at)}` : piece
}
