// Addresses in the text of a page. GitHub's dialect of Markdown makes links of them, up to white space or `<`.
//
// Such a link contains all signs up to its end: also the backslash or the backtick with which the text after it is
// escaped. The text would then be read as HTML.

/** @typedef {import('./delimiters.mjs').Piece} Piece */

const ADDRESS = /(?:https?|ftp):\/\/|www\./i
/** Pieces that end an address: a code span, an address in angle brackets, or a tag. White space ends one, too. */
const CODE_SPAN = '`'
const TAG = /^<(?:https?:|br>|\/?(?:li|[ou]l)>)/
/** A link or an image, whose own address is no bare one. */
const LINK = /^!?\[/
/** Pieces and characters that are read back; after them, an address is assumed. */
const MOST_PIECES = 50
const MOST_CHARACTERS = 2000

/**
 * Return whether a line ends within an address.
 *
 * @param {Piece[]} pieces The line.
 * @param {number} [count] Number of its pieces that are read.
 * @param {string} [text] Text after them.
 */
export function endsInAddress(pieces, count = pieces.length, text = '') {
  let run = lastWord(text)
  let isWhole = run.length < text.length
  for (let at = count - 1; at >= 0 && !isWhole; at--) {
    if (count - at > MOST_PIECES || run.length > MOST_CHARACTERS) return true
    const piece = pieces[at]
    if (typeof piece !== 'string') run = piece.sign + run
    else if (piece.startsWith(CODE_SPAN) || TAG.test(piece)) break
    else if (!LINK.test(piece)) {
      const word = lastWord(piece)
      run = word + run
      isWhole = word.length < piece.length
    }
  }
  return run.length > MOST_CHARACTERS || ADDRESS.test(run)
}

/**
 * Return whether a label ends within an address that has an open bracket. Some parsers read the end of such a label, and
 * the text directly behind the link, as parts of the address.
 *
 * @param {string} label
 */
export function endsInOpenAddress(label) {
  return label.includes('[') && opensBracket(label) && endsInAddress([], 0, label)
}

/** Return whether a bracket is not closed in a text. @param {string} text */
export function opensBracket(text) {
  return text.lastIndexOf('[') > text.lastIndexOf(']') || text.split('[').length > text.split(']').length
}

/** Tells for ascending positions of a text whether they are within an address. */
export class AddressesOf {
  /** @param {Piece[]} pieces The line before the text. @param {string} text */
  constructor(pieces, text) {
    this.pieces = pieces
    this.text = text
    this.known = 0
    this.isInAddress = false
  }

  /** Return whether an address may continue up to a position. @param {number} at */
  contain(at) {
    const between = this.text.slice(this.known, at)
    if (this.known === 0) {
      this.isInAddress = endsInAddress(this.pieces, this.pieces.length, between)
    } else {
      const word = lastWord(between)
      this.isInAddress = (this.isInAddress && word.length === between.length) || word.length > MOST_CHARACTERS || ADDRESS.test(word)
    }
    this.known = at
    return this.isInAddress
  }
}

/** Return the end of a text after its last white space in ASCII, or its last characters. */
function lastWord(text) {
  const first = Math.max(0, text.length - MOST_CHARACTERS - 1)
  let from = text.length
  while (from > first && text.charCodeAt(from - 1) > 32) from--
  return text.slice(from)
}
