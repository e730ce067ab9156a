// One line of Markdown: escaped text, code, links, images, emphasis and line breaks.
import { AddressesOf, endsInAddress, endsInOpenAddress, opensBracket } from './bare_addresses.mjs'
import { visible } from './characters.mjs'
import { codeSpan, formulaInCell } from './code_spans.mjs'
import { MOST_WORK, joined } from './delimiters.mjs'
import { destinationAfter, withoutTracking } from './destinations.mjs'

/** @typedef {import('./delimiters.mjs').Piece} Piece */
/** @typedef {'strong' | 'em' | 'del' | 'link'} Mark */

const SPECIAL = /[\\`*_~[\]<&|]/
const ESCAPED = /[\\`*~[]|<(?=[a-z/!?])|&(?=#|[a-z0-9]+;)|_/gi
const ESCAPED_IN_BRACKETS = new RegExp(`${ESCAPED.source}|\\]`, 'gi')
const TAG = /<[a-z/!?]/i
const BREAKS_LABEL = /[[\]]/
const CODE = /`[^`]+`/g
const BEGINS_TAG = /^[a-z/!?]/i
const ESCAPE = /\\([!-/:-@[-`{-~])/g
// White space that is not a single space, which can stay as it is.
const WHITE_SPACE = /[\t\n\f\r][ \t\n\f\r]*| [ \t\n\f\r]+/g
const WORD = /[\p{L}\p{N}]/u
const BREAK = '  \n'
const EXCLAMATION = 33
const LESS = 60
const CLOSING_BRACKET = 93
const DELIMITERS = { strong: '**', em: '*', del: '~~' }
/** Characters behind which a number belongs to the text. */
const OPENING = new Set([' ', '\u00a0', '(', '[', '{', ''])

/** Collects the parts of a line. White space and breaks at the edges of emphasis and links stay outside of them. */
export class Line {
  constructor() {
    /** @type {Piece[]} */
    this.pieces = []
    /** @type {{ mark: Mark, pair: number }[]} The open marks, the outermost first. */
    this.marks = []
    /** Number of the last open marks that are not written yet, because no visible content has followed. */
    this.unwritten = 0
    this.pairs = 0
    /** White space and breaks between the last piece and the next one. */
    this.space = ''
    this.breaks = 0
    this.isInCell = false
    this.isInLink = false
    this.endsWithLink = false
    /** Whether the line ends with a tag of a list, beside which no break is needed. */
    this.endsWithTag = false
    /** Whether a bracket of a formula is open, which a bracket in the text must not close. */
    this.hasOpenBracket = false
    /** The parts of the code span with which the line ends; until it is complete, its piece is a single sign. @type {string[]} */
    this.codeTexts = []
    /** Work that may still be done on the page's emphasis. */
    this.work = { left: MOST_WORK }
  }

  /** Whether the line ends with text and neither with white space nor with an opening bracket. */
  get endsWithText() {
    const last = this.pieces[this.pieces.length - 1]
    return !this.space && !this.breaks && typeof last === 'string' && !OPENING.has(last.slice(-1))
  }

  /** Whether the line contains only a check box. */
  get isTask() {
    return this.pieces.length === 1 && (this.pieces[0] === '[x]' || this.pieces[0] === '[ ]')
  }

  get isEmpty() {
    return this.pieces.length === 0
  }

  /** Add text of a page. @param {string} text */
  text(text) {
    const collapsed = visible(text).replace(WHITE_SPACE, ' ')
    this.words(collapsed, SPECIAL.test(collapsed))
  }

  /**
   * Add text without characters that are invisible or have a meaning in Markdown.
   *
   * @param {string} text
   * @param {boolean} isCollapsed Whether all of its white space is single spaces.
   */
  plainText(text, isCollapsed) {
    this.words(isCollapsed ? text : text.replace(WHITE_SPACE, ' '), false)
  }

  /** @param {string} collapsed @param {boolean} isSpecial Whether some of its characters may need a backslash. */
  words(collapsed, isSpecial) {
    let from = 0
    let to = collapsed.length
    while (isSpace(collapsed.charCodeAt(from))) from++
    while (to > from && isSpace(collapsed.charCodeAt(to - 1))) to--
    if (from) this.space = ' '
    if (from >= to) return
    this.begin()
    const inner = collapsed.slice(from, to)
    this.add(isSpecial ? this.escaped(inner, this.isInLink || this.hasOpenBracket) : inner)
    if (to < collapsed.length) this.space = ' '
  }

  /** Add text that is already Markdown. @param {string} markdown */
  markdown(markdown) {
    this.begin()
    if (markdown.includes('[')) this.hasOpenBracket ||= opensBracket(markdown)
    this.add(this.isInCell ? formulaInCell(markdown) : markdown)
  }

  /** Add code. @param {string} text */
  code(text) {
    const inner = visible(text).replaceAll('\n', ' ')
    if (!inner.trim()) {
      if (inner) this.space = ' '
      return
    }
    const isBehindCode = this.codeTexts.length > 0
    if (!isBehindCode || this.space || this.breaks || this.beginsMark()) {
      // The code before may become text that ends with an address.
      this.endCode()
      const isBehindAddress = !this.space && !this.breaks && endsInAddress(this.pieces)
      if (isBehindAddress || (this.isInLink && TAG.test(inner) && BREAKS_LABEL.test(inner))) {
        // Some parsers would read the beginning of a code span as a part of the address, or end the label of the link
        // within the code. They would then read the code as Markdown.
        this.text(inner)
        return
      }
      if (!isBehindCode && this.endsWithSpan()) this.space ||= ' '
      this.begin()
      this.add('`')
    }
    this.codeTexts.push(inner)
  }

  /** Add an image. @param {string} alt @param {string} address */
  image(alt, address) {
    const shown = visible(alt).replaceAll('\n', ' ')
    this.begin()
    const label = SPECIAL.test(shown) ? this.escaped(shown, true) : shown
    this.add(`![${label}](${destinationAfter(label, visible(address))})`)
    if (endsInOpenAddress(label)) this.space = ' '
  }

  /** Begin another line within the paragraph. */
  break() {
    this.breaks++
    this.space = ''
  }

  /** Add a tag of a list in a table cell, for which Markdown has no other form. @param {string} tag */
  tag(tag) {
    this.space = ''
    this.breaks = 0
    this.push(tag)
    this.endsWithTag = true
  }

  /** Begin emphasis or a link. @param {Mark} mark */
  open(mark) {
    const isWithinItself = this.marks.some((one) => one.mark === mark)
    this.marks.push({ mark, pair: isWithinItself ? -1 : this.pairs++ })
    this.unwritten++
    if (mark === 'link') this.isInLink = true
  }

  /** End the innermost emphasis of a kind. @param {Mark} mark */
  close(mark) {
    const { isWritten, pair } = this.ended(mark)
    if (isWritten && pair >= 0) this.push({ sign: DELIMITERS[mark], pair, opens: false })
  }

  /** End the link. @param {string} target */
  closeLink(target) {
    const address = visible(target)
    this.endCode()
    this.isInLink = false
    const { isWritten } = this.ended('link')
    if (!isWritten) return
    const at = beginningOfLink(this.pieces)
    if (at < 0) return
    if (!address) {
      this.pieces.splice(at, 1)
      return
    }
    const inner = this.textFrom(at)
    if (isUnclearLabel(inner)) {
      if (inner.startsWith('`') && this.endsWithSpan()) this.push(' ')
      this.add(inner)
      // Further text would belong to an address at its end.
      if (endsInAddress([], 0, inner)) this.space ||= ' '
      return
    }
    const clean = withoutTracking(address)
    const isItsText = inner.startsWith('http') && inner.replace(ESCAPE, '$1') === address && /^https?:[^\s<>]+$/.test(address)
    this.add(isItsText ? `<${address}>` : `[${inner}](${destinationAfter(inner, clean)})`)
    this.endsWithLink = true
    if (!isItsText && endsInOpenAddress(inner)) this.space = ' '
  }

  /** Take away the pieces of a link from its beginning on, and return its text. @param {number} at */
  textFrom(at) {
    const { pieces } = this
    const last = pieces[pieces.length - 1]
    // The text of nearly all links is one piece.
    const isOne = at === pieces.length - 2 && typeof last === 'string'
    const inner = isOne ? last : joined(pieces.slice(at + 1), this.work)
    pieces.length = at
    return inner
  }

  /** End emphasis, or drop a link whose address is not known yet and keep its text. @param {Mark} mark */
  closeUnfinished(mark) {
    if (mark !== 'link') {
      this.close(mark)
      return
    }
    const at = this.ended('link').isWritten ? beginningOfLink(this.pieces) : -1
    if (at >= 0) this.pieces.splice(at, 1)
  }

  /** Return the added content as Markdown lines, and start again. An empty line separates paragraphs. */
  finish() {
    this.endCode()
    while (this.marks.length) this.closeUnfinished(this.marks[this.marks.length - 1].mark)
    const { pieces } = this
    if (!pieces.length) {
      this.space = ''
      this.breaks = 0
      return ''
    }
    this.pieces = []
    this.space = ''
    this.breaks = 0
    this.endsWithLink = this.endsWithTag = this.isInLink = this.hasOpenBracket = false
    return pieces.length === 1 && typeof pieces[0] === 'string' ? pieces[0] : joined(pieces, this.work)
  }

  /** Write pending marks, white space and breaks before the next visible content. */
  begin() {
    // The code before may become text that ends with an address.
    this.endCode()
    if (this.space || this.breaks) this.writeSpace()
    if (!this.unwritten) return
    const from = this.marks.length - this.unwritten
    this.unwritten = 0
    for (let at = from; at < this.marks.length; at++) {
      const one = this.marks[at]
      if (one.mark === 'link') {
        if (this.endsWithLink) this.push(' ')
        this.push({ sign: '[', pair: -1, opens: true })
      } else if (one.pair >= 0) {
        this.writeOpening(one)
      }
    }
  }

  writeOpening(one) {
    const last = this.pieces[this.pieces.length - 1]
    if (typeof last === 'object' && !last.opens && last.sign === DELIMITERS[one.mark]) {
      // Adjacent emphasis of the same kind is joined, because its delimiters would not be read as two pairs.
      this.pieces.pop()
      one.pair = last.pair
    } else {
      this.push({ sign: DELIMITERS[one.mark], pair: one.pair, opens: true })
    }
  }

  writeSpace() {
    if (!this.isEmpty && !this.endsWithTag) {
      if (this.breaks) this.push(this.isInCell ? '<br>' : this.breaks > 1 && this.marks.length === this.unwritten ? '\n\n' : BREAK)
      else this.push(' ')
    }
    this.space = ''
    this.breaks = 0
  }

  add(text) {
    const { pieces } = this
    const last = pieces[pieces.length - 1]
    if (typeof last === 'string') {
      const end = last.charCodeAt(last.length - 1)
      if (end === CLOSING_BRACKET && last.startsWith('[') && text[0] === '(') {
        // The mark of a footnote or a check box is not the text of a link.
        this.push(`\\${text}`)
        return
      }
      // Together they would be a link with a label from elsewhere.
      if (end === CLOSING_BRACKET && last.startsWith('[') && text[0] === '[' && text.endsWith(')')) this.push(' ')
      if (end === EXCLAMATION && (text[0] === '[' || text.startsWith('!['))) {
        pieces[pieces.length - 1] = `${last.slice(0, -1)}\\!`
      }
    }
    this.escapeLess(text)
    this.push(text)
  }

  /**
   * Escape a `<` with which the text before ends if the next text would continue a tag, even if emphasis begins or ends
   * between them, which may be left out.
   *
   * @param {string} next
   */
  escapeLess(next) {
    const { pieces } = this
    let at = pieces.length - 1
    while (at >= 0 && typeof pieces[at] !== 'string') at--
    const before = pieces[at]
    if (typeof before !== 'string' || before.charCodeAt(before.length - 1) !== LESS || !BEGINS_TAG.test(next)) return
    const text = before.slice(0, -1)
    pieces[at] = endsInAddress(pieces, at, text) ? `${text}&lt;` : `${text}\\<`
  }

  push(piece) {
    this.endCode()
    this.pieces.push(piece)
    this.endsWithLink = this.endsWithTag = false
  }

  /** Return whether a mark will be written before the next content. Marks within themselves are not written. */
  beginsMark() {
    return this.marks.slice(this.marks.length - this.unwritten).some((one) => one.mark === 'link' || one.pair >= 0)
  }

  /** Return whether the line ends with a code span that cannot be joined to the next one. */
  endsWithSpan() {
    const last = this.pieces.at(-1)
    return !this.codeTexts.length && typeof last === 'string' && last.endsWith('`') && !last.endsWith('\\`')
  }

  /** Write the code span with which the line ends. */
  endCode() {
    if (!this.codeTexts.length) return
    const text = this.codeTexts.join('')
    this.codeTexts = []
    // Some parsers read the backslash before a pipe in a cell as that of the pipe, and end the cell within the code.
    const isUnclear = this.isInCell && text.includes('\\|')
    this.pieces.pop()
    if (isUnclear) this.add(this.escaped(text, this.isInLink || this.hasOpenBracket))
    else this.pieces.push(codeSpan(text, this.isInCell))
  }

  ended(mark) {
    let at = this.marks.length - 1
    while (at >= 0 && this.marks[at].mark !== mark) at--
    if (at < 0) return { isWritten: false, pair: -1 }
    const isWritten = at < this.marks.length - this.unwritten
    if (!isWritten) this.unwritten--
    const { pair } = this.marks[at]
    if (at === this.marks.length - 1) this.marks.pop()
    else this.marks.splice(at, 1)
    return { isWritten, pair }
  }

  /** Return whether the last added content ends with a letter or a digit. */
  get endsWithWord() {
    const last = this.pieces[this.pieces.length - 1]
    return !this.space && !this.breaks && typeof last === 'string' && WORD.test(last.slice(-1))
  }

  escaped(text, isInBrackets) {
    const before = this.pieces[this.pieces.length - 1]
    /** @type {AddressesOf | undefined} */
    let addresses
    const escaped = text.replace(isInBrackets ? ESCAPED_IN_BRACKETS : ESCAPED, (sign, at) => {
      if (sign === '<' && (addresses ??= new AddressesOf(this.pieces, text)).contain(at)) return '&lt;'
      if (sign !== '_') return `\\${sign}`
      const last = at > 0 ? text[at - 1] : typeof before === 'string' ? before.slice(-1) : ''
      return WORD.test(last) && WORD.test(text[at + 1] ?? '') ? '_' : '\\_'
    })
    return this.isInCell ? escaped.replaceAll('|', '\\|') : escaped
  }
}

/** Return the index of the beginning of the last link, or -1. @param {Piece[]} pieces */
function beginningOfLink(pieces) {
  for (let at = pieces.length - 1; at >= 0; at--) {
    const piece = pieces[at]
    if (typeof piece !== 'string' && piece.sign === '[') return at
  }
  return -1
}

/**
 * Return whether a label contains a tag in code, and a bracket in code. Some parsers would end the label in the code, and
 * read the rest as Markdown.
 *
 * @param {string} label
 */
function isUnclearLabel(label) {
  if (!label.includes('`') || !TAG.test(label) || !BREAKS_LABEL.test(label)) return false
  const codes = label.match(CODE) ?? []
  return codes.some((code) => BREAKS_LABEL.test(code)) && codes.some((code) => TAG.test(code))
}

/** Return whether a character is white space that can be moved out of emphasis. */
const isSpace = (code) => code === 32 || code === 160
