// The blocks of a Markdown text: paragraphs, headings, lists, quotations, code, tables and rules.
import { visible } from './characters.mjs'
import { Line } from './line.mjs'
import { asParagraph } from './paragraphs.mjs'

/**
 * @typedef {object} Container A quotation or an item of a list.
 * @property {string} first What its first line begins with.
 * @property {string} rest What its other lines begin with.
 * @property {string} prefix What these lines begin with, with the containers around it.
 * @property {boolean} isBegun
 * @property {boolean} isItem
 * @property {string} last The kind of its last block.
 * @property {string} marker The marker of its last list.
 * @property {number} next The number after that of the last item of its last list.
 */

/**
 * @typedef {object} List
 * @property {string} kind
 * @property {string} marker
 * @property {number} number The number of its next item.
 * @property {number} step What is added to the number for each further item.
 * @property {number} items Items that have been written.
 * @property {string} last The kind of the last block of its last item.
 */

/** Blocks of an item behind which no empty line is needed. */
const SHORT = new Set(['p', 'ul', 'ol'])

/** Empty cells that fill the rows of one table up to its width. */
const MOST_EMPTY_CELLS = 100_000

/** Characters that the lines of all quotations and items of a page begin with. */
const MOST_PREFIXES = 10_000_000

/** @returns {Container} */
function container(first, rest, isItem) {
  return { first, rest, prefix: '', isBegun: false, isItem, last: '', marker: '', next: 0 }
}

const LONGEST_FENCE = 255
const LONGEST_RUN = '`'.repeat(LONGEST_FENCE)

/** Writes blocks; parts of a line go to `line`, and become a paragraph with the next block. */
export class Blocks {
  constructor() {
    this.line = new Line()
    this.text = ''
    /** Characters that are left for the beginnings of lines. */
    this.room = MOST_PREFIXES
    /** The page, and the quotations and items that are open. */
    this.containers = [container('', '', false)]
    this.containers[0].isBegun = true
    /** @type {List[]} */
    this.lists = []
  }

  /** Number of open quotations and items. */
  get depth() {
    return this.containers.length - 1
  }

  /** Return the whole text. */
  finish() {
    this.flush()
    return this.text
  }

  /** End the paragraph. */
  flush() {
    const text = this.line.finish()
    if (!text) return
    for (const one of text.includes('\n\n') ? text.split('\n\n') : [text]) this.block('p', asParagraph(one))
  }

  heading(level) {
    const text = this.line.finish()
    if (!text) return
    const line = inOneLine(text).replace(/(?:^|\s)#+$/, (signs) => signs.replace('#', '\\#'))
    this.block('heading', `${'#'.repeat(level)} ${line}`)
  }

  rule() {
    this.flush()
    // Hyphens after the marker of an item would turn the item into a horizontal rule.
    this.block('rule', this.containers.some((one) => !one.isBegun && one.isItem) ? '***' : '---')
  }

  code(language, source) {
    this.flush()
    let text = visible(source).replaceAll('\u00a0', ' ')
    // cmark counts no more signs of a fence.
    if (text.includes(LONGEST_RUN)) text = text.replace(/`+/g, (run) => (run.length < LONGEST_FENCE ? run : '\''.repeat(run.length)))
    let fence = '```'
    for (const run of text.match(/`{3,}/g) ?? []) if (run.length >= fence.length) fence = `${run}\``
    this.block('code', `${fence}${language}\n${text}\n${fence}`)
  }

  /** Write a table; its first row is the head. @param {string[][]} rows */
  table(rows) {
    const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0)
    if (width === 0) return
    let room = MOST_EMPTY_CELLS
    const lines = rows.map((row, at) => {
      const missing = width - row.length
      room -= missing
      return tableRow(missing > 0 && (at === 0 || room >= 0) ? [...row, ...new Array(missing).fill('')] : row)
    })
    lines.splice(1, 0, tableRow(new Array(width).fill('---')))
    this.block('table', lines.join('\n'))
  }

  beginQuotation() {
    this.flush()
    this.enter(container('> ', '> ', false))
  }

  /**
   * Begin a list.
   *
   * @param {string} kind `ol` or `ul`.
   * @param {number} number The number of its first item.
   * @param {boolean} goesOn Whether its items belong to the list before it.
   * @param {number} step What is added to the number for each further item.
   */
  beginList(kind, number = 1, goesOn = false, step = 1) {
    this.flush()
    const { last, marker, next } = this.containers[this.containers.length - 1]
    // A list that counts on from the one before it is its second part.
    goesOn ||= kind === 'ol' && last === kind && number > 1 && number === next
    const [usual, other] = kind === 'ol' ? ['.', ')'] : ['-', '*']
    // Adjacent lists with the same marker would be read as one list.
    const isOther = !goesOn && last === kind && marker === usual
    this.lists.push({ kind, marker: isOther ? other : goesOn ? marker || usual : usual, number, step, items: goesOn ? 1 : 0, last: 'p' })
  }

  endList() {
    this.flush()
    this.lists.pop()
  }

  /**
   * Begin an item of the list that is open, or of a list that nobody has begun.
   *
   * @param {number | null} number The number that the item states.
   */
  beginItem(number = null) {
    this.flush()
    if (!this.lists.length) {
      this.enter(container('- ', '  ', true))
      return
    }
    const list = this.lists[this.lists.length - 1]
    list.number = number ?? list.number
    const first = list.kind === 'ol' ? `${list.number}${list.marker} ` : `${list.marker} `
    this.enter(container(first, ' '.repeat(first.length), true))
  }

  /** Continue the last item of the open list; return whether there is one. */
  resumeItem() {
    this.flush()
    const list = this.lists[this.lists.length - 1]
    if (!list?.items) return false
    list.items--
    list.number -= list.step
    const one = container('', ' '.repeat(list.kind === 'ol' ? `${list.number}${list.marker} `.length : 2), true)
    one.isBegun = true
    one.last = 'p'
    this.enter(one)
    return true
  }

  /** End a quotation or an item. */
  endContainer() {
    this.flush()
    const ended = this.containers.pop()
    if (!ended?.isItem || !ended.isBegun) return
    const list = this.lists[this.lists.length - 1]
    const around = this.containers[this.containers.length - 1]
    around.last = list?.kind ?? 'ul'
    around.marker = list?.marker ?? '-'
    around.next = list ? list.number + list.step : 0
    if (list) {
      list.number += list.step
      list.items++
      list.last = ended.last
    }
  }

  enter(one) {
    const { containers } = this
    one.prefix = containers[containers.length - 1].prefix + one.rest
    containers.push(one)
  }

  block(kind, text) {
    const { containers } = this
    const inner = containers[containers.length - 1]
    const begun = this.begunContainers()
    const { prefix } = inner
    this.charge(2 * prefix.length)
    if (this.text) this.text += this.isTight(begun) ? '\n' : `\n${this.begunPrefix(begun)}\n`
    let first = prefix
    if (begun < containers.length) {
      first = ''
      let around = containers[0]
      for (const one of containers) {
        if (one.isBegun) {
          first += one.rest
        } else {
          first += one.first
          one.isBegun = true
          if (!one.isItem) around.last = 'quotation'
        }
        around = one
      }
    }
    inner.last = kind
    this.text += first + (text.includes('\n') ? this.withPrefix(text, prefix) : text)
  }

  /**
   * Count characters with which lines begin.
   *
   * @throws {Error} The text would be far longer than the page.
   */
  charge(characters) {
    this.room -= characters
    if (this.room < 0) throw new Error('its quotations and lists have too many lines')
  }

  /** Begin all lines of a text but the first with a prefix. */
  withPrefix(text, prefix) {
    if (!prefix) return text
    const lines = text.split('\n')
    this.charge(prefix.length * lines.length)
    const empty = prefix.trimEnd()
    return lines.map((line, at) => (at === 0 ? line : line ? prefix + line : empty)).join('\n')
  }

  /** Return the number of containers around the first one that is not begun. */
  begunContainers() {
    const { containers } = this
    let at = 0
    while (at < containers.length && containers[at].isBegun) at++
    return at
  }

  /**
   * Return whether the next block needs no empty line before it: between items, and between an item's text and its list.
   *
   * @param {number} at The index of the first container that is not begun.
   */
  isTight(at) {
    const { containers } = this
    if (at === containers.length || !containers[at].isItem) return false
    const around = containers[at - 1]
    const list = this.lists[this.lists.length - containers.slice(at).filter((one) => one.isItem).length]
    if (!list) return around.last === 'ul'
    if (list.items) return around.last === list.kind && SHORT.has(list.last)
    return around.isItem && around.last === 'p' && (list.kind === 'ul' || list.number === 1)
  }

  /** Return the prefix of an empty line. */
  begunPrefix(begun) {
    const { containers } = this
    if (begun === containers.length) return containers[begun - 1].prefix.trimEnd()
    return containers.filter((one) => one.isBegun).map((one) => one.rest).join('').trimEnd()
  }
}

/** Join the lines of a text by spaces, without the white space around their ends. @param {string} text */
function inOneLine(text) {
  if (!text.includes('\n')) return text
  const lines = text.split('\n')
  const last = lines.length - 1
  return lines
    .map((line, at) => (at === 0 ? line.trimEnd() : at === last ? line.trimStart() : line.trim()))
    .filter((line, at) => line || at === 0 || at === last)
    .join(' ')
}

function tableRow(cells) {
  return `| ${cells.join(' | ')} |`
}

