// Write text, and store the actions to run at the ends of elements.
import { absoluteOf } from './addresses.mjs'
import { Blocks } from './blocks.mjs'
import { formulasIn, isOfFormula, mayHoldFormula } from './math.mjs'
import { decoded } from './references.mjs'
import { ID } from './tags.mjs'

// Labels of buttons that are not `button` elements.
const INTERFACE = new RegExp(
  `^\\s*(?:${[
    'click to toggle source|\\[source\\]|\\[edit\\]|edit (?:this page|on github|on gitlab|source)',
    'view (?:page )?source|show source|improve this (?:page|doc)|(?:back|return|jump) to (?:the )?top',
    'copy to clipboard|copied!?|copy code|print this (?:page|book)|toggle (?:navigation|sidebar|menu)',
    'more(?:\\.\\.\\.|\u2026)|skip to (?:main |the )?content|expand description|share (?:this|on \\w+)|tweet this',
    'suggest (?:an )?edits?|report (?:a |an )?(?:bug|issue) (?:on|with) this page',
  ].join('|')})\\s*$`,
  'i',
)
// The first two letters of these labels, in lower case.
const INTERFACE_STARTS = new Uint8Array(128 * 128)
for (const start of 'cl [s [e ed vi sh im ba re ju co pr to mo sk ex tw su'.split(' ')) {
  INTERFACE_STARTS[startOf(start.charCodeAt(0), start.charCodeAt(1))] = 1
}
const LONGEST_INTERFACE = 40
// Actions at the end of an element.
export const END_PARAGRAPH = 0
export const END_HEADING = 1
export const END_LIST = 2
/** End of a list item or a quotation. */
export const END_CONTAINER = 3
/** End of a block in a table cell. */
export const END_LINE = 4
/** End of a block in a link or a heading. */
export const END_WORD = 5
export const END_CELL = 6
export const END_TABLE = 7
export const END_LINK = 8
export const END_MARK = 9
export const END_HEADING_LINK = 10
export const END_TEXT = 11
export const END_CAPTION = 12
/** End of a list, or of an item of it, in a table cell. */
export const END_TAG = 13
const NEVER = 0x7fffffff
/**
 * Characters by which the addresses in the Markdown may exceed the page. Absolute addresses are longer than the relative
 * ones in the page: 0.6 MB of short links in a deep folder would become 60 MB.
 */
const MOST_ADDED = 2_000_000

const SPACE = 32
/** Symbols of fonts with icons, which have no meaning in other fonts. */
const ICONS = /^[\s\ue000-\uf8ff]+$/
/** What a byte of a text requires, as bits: white space to collapse, and characters to decode, to remove or to escape. */
const COLLAPSED = 1
const EXAMINED = 2
const REQUIRES = new Uint8Array(256).fill(EXAMINED)
REQUIRES.fill(0, SPACE, 127)
for (const sign of '\\`*_~[]<&|$') REQUIRES[sign.charCodeAt(0)] = EXAMINED
for (const sign of '\t\n') REQUIRES[sign.charCodeAt(0)] = COLLAPSED

/** Writes the text of a part of a page to the open blocks. */
export class TextWriter {
  /**
   * @param {import('./tree.mjs').Tree} tree
   * @param {import('./measure.mjs').Measure} measure Lengths of the parts that are written.
   * @param {string} origin Base address of the page's links.
   */
  constructor(tree, measure, origin) {
    this.origin = origin
    this.tree = tree
    this.measure = measure
    this.blocks = new Blocks()
    this.line = this.blocks.line
    /** Characters that the addresses of links and images may still have. */
    this.room = tree.source.length + MOST_ADDED
    /** Address of the open link, to be written in its first heading. */
    this.headingLink = ''
    /** The block that is the title of a link with lists, and the link's address. */
    this.linkedTitle = -1
    this.titleAddress = ''
    /** The rows of the open table. */
    this.rows = []
    /** Those of its rows that are in its head, and in its foot, which a page may write before the body. */
    this.heads = []
    this.feet = []
    this.isInHeading = false
    /** Number of `noscript` elements that were searched for images. */
    this.withoutScripts = 0
    // The open elements with an action at their end, the innermost last.
    this.open = []
    this.endings = []
    this.details = []
    /** @type {ReturnType<typeof import('./tables.mjs').readTables>} */
    this.tables = { layout: new Set(), empty: new Map() }
    /** End of the innermost of these elements. */
    this.until = NEVER
  }

  /**
   * Return an address of `addressOf` as an absolute address. If the addresses of the page are too long together, return
   * an empty text, so that only the text of the link is written.
   */
  absolute(address) {
    const target = absoluteOf(address, this.origin)
    this.room -= target.length
    return this.room < 0 ? '' : target
  }

  /** Continue inside an element and register an action for its end; return the next node to write. */
  within(node, ending, detail = '') {
    this.open.push(node)
    this.endings.push(ending)
    this.details.push(detail)
    this.until = this.tree.end[node]
    return node + 1
  }

  leave() {
    const { tree, open, blocks, line } = this
    open.pop()
    const detail = this.details.pop()
    this.until = open.length ? tree.end[open[open.length - 1]] : NEVER
    switch (this.endings.pop()) {
      case END_PARAGRAPH: return blocks.flush()
      case END_HEADING:
        this.isInHeading = false
        return blocks.heading(Number(detail))
      case END_LIST: return blocks.endList()
      case END_CONTAINER: return blocks.endContainer()
      case END_LINE: return line.break()
      case END_WORD: return line.text(' ')
      case END_CELL:
        this.rows[this.rows.length - 1].push(line.finish())
        line.isInCell = false
        return undefined
      case END_TABLE:
        blocks.table(this.rowsInOrder())
        this.rows = []
        this.heads = []
        this.feet = []
        return undefined
      case END_LINK: return line.closeLink(this.absolute(detail))
      case END_MARK: return line.close(detail)
      case END_HEADING_LINK:
        this.headingLink = ''
        return undefined
      case END_TEXT: return line.text(detail)
      case END_TAG: return line.tag(detail)
      case END_CAPTION:
        line.close('em')
        return blocks.flush()
      default: return undefined
    }
  }

  /** Begin a row of a table in a part of the table. */
  beginRow(part) {
    const row = []
    this.rows.push(row)
    if (part === ID.thead) this.heads.push(row)
    else if (part === ID.tfoot) this.feet.push(row)
  }

  /** Return the rows of the table: head, body and foot. */
  rowsInOrder() {
    const { rows, heads, feet } = this
    if (!feet.length && (!heads.length || heads[0] === rows[0])) return rows
    const outside = new Set([...heads, ...feet])
    return [...heads, ...rows.filter((row) => !outside.has(row)), ...feet]
  }

  /** Start an element that is a separate block. */
  paragraph(node) {
    // A check box is part of the paragraph after it.
    if (!this.line.isTask) this.blocks.flush()
    return this.within(node, END_PARAGRAPH)
  }

  text(node) {
    const { tree } = this
    const from = tree.from[node]
    const to = tree.to[node]
    if (tree.size[node] < LONGEST_INTERFACE && this.isInterface(from, to)) return
    const required = requiredBy(tree.codes, from, to)
    if (!(required & EXAMINED)) {
      this.line.plainText(tree.source.slice(from, to), required === 0)
      return
    }
    const text = decoded(tree.slice(from, to))
    if (ICONS.test(text) && text.trim()) return
    if (!mayHoldFormula(text)) {
      this.line.text(text)
      return
    }
    let end = 0
    for (const { at, length, markdown } of formulasIn(text, isOfFormula(tree, tree.parent[node]))) {
      this.line.text(text.slice(end, at))
      // In a sentence, a displayed formula stays within the line.
      if (tree.tag[tree.parent[node]] === ID.div) this.formula(markdown)
      else this.line.markdown(markdown)
      end = at + length
    }
    this.line.text(text.slice(end))
  }

  /** Write a formula; a displayed one is a block of its own where blocks can be. */
  formula(formula) {
    const isBlock = formula.startsWith('$$') && !this.line.isInCell && !this.line.isInLink && !this.isInHeading
    if (isBlock) this.blocks.flush()
    this.line.markdown(formula)
    if (isBlock) this.blocks.flush()
  }

  isInterface(from, to) {
    const { codes } = this.tree
    while (from < to && codes[from] <= 32) from++
    if (from === to || !INTERFACE_STARTS[startOf(codes[from], codes[from + 1])]) return false
    return INTERFACE.test(this.tree.slice(from, to))
  }
}

/** Return what the bytes of a text require. */
function requiredBy(codes, from, to) {
  let required = 0
  for (let at = from; at < to; at++) {
    const code = codes[at]
    required |= REQUIRES[code]
    if (code === SPACE && codes[at - 1] === SPACE) required |= COLLAPSED
    else if (required & EXAMINED) break
  }
  return required
}

function startOf(first, second) {
  return ((first | 32) & 127) * 128 + ((second | 32) & 127)
}
