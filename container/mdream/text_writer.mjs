// Writes text, and keeps what is to be done where elements end.
import { absoluteOf } from './addresses.mjs'
import { Blocks } from './blocks.mjs'
import { formulasIn } from './math.mjs'
import { decoded } from './references.mjs'

// What buttons say where they are made of other elements.
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
// Their first two letters, capitals as small ones.
const INTERFACE_STARTS = new Uint8Array(128 * 128)
for (const start of 'cl [s [e ed vi sh im ba re ju co pr to mo sk ex tw su'.split(' ')) {
  INTERFACE_STARTS[startOf(start.charCodeAt(0), start.charCodeAt(1))] = 1
}
const LONGEST_INTERFACE = 40
// What is done where an element ends.
export const END_PARAGRAPH = 0
export const END_HEADING = 1
export const END_LIST = 2
/** Of an item of a list, or a quotation. */
export const END_CONTAINER = 3
/** A block in a cell. */
export const END_LINE = 4
/** A block in a link or a heading. */
export const END_WORD = 5
export const END_CELL = 6
export const END_TABLE = 7
export const END_LINK = 8
export const END_MARK = 9
export const END_HEADING_LINK = 10
export const END_TEXT = 11
export const END_CAPTION = 12
const NEVER = 0x7fffffff

/** Writes the text of a part of a page, to the blocks that are open. */
export class TextWriter {
  /**
   * @param {import('./tree.mjs').Tree} tree
   * @param {import('./measure.mjs').Measure} measure Lengths of what is written.
   * @param {string} origin Address that the page's links are relative to.
   */
  constructor(tree, measure, origin) {
    this.origin = origin
    this.tree = tree
    this.measure = measure
    this.blocks = new Blocks()
    this.line = this.blocks.line
    /** Address for the first heading of the link that is open. */
    this.headingLink = ''
    /** The rows of the table that is open. */
    this.rows = []
    this.isInHeading = false
    // The elements that are open and have something to be done at their ends, the innermost last.
    this.open = []
    this.endings = []
    this.details = []
    /** @type {ReturnType<typeof import('./tables.mjs').readTables>} */
    this.tables = { layout: new Set(), empty: new Map() }
    /** Where the innermost of them ends. */
    this.until = NEVER
  }

  /** Go on within an element, at whose end something is to be done; return the node that comes next. */
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
        blocks.table(this.rows)
        this.rows = []
        return undefined
      case END_LINK: return line.closeLink(absoluteOf(detail, this.origin))
      case END_MARK: return line.close(detail)
      case END_HEADING_LINK:
        this.headingLink = ''
        return undefined
      case END_TEXT: return line.text(detail)
      case END_CAPTION:
        line.close('em')
        return blocks.flush()
      default: return undefined
    }
  }

  /** Begin an element that is a block of its own. */
  paragraph(node) {
    this.blocks.flush()
    return this.within(node, END_PARAGRAPH)
  }

  text(node) {
    const { tree } = this
    const from = tree.from[node]
    const to = tree.to[node]
    if (tree.size[node] < LONGEST_INTERFACE && this.isInterface(from, to)) return
    const text = decoded(tree.slice(from, to))
    let end = 0
    for (const { at, length, markdown } of formulasIn(text)) {
      this.line.text(text.slice(end, at))
      this.line.markdown(markdown)
      end = at + length
    }
    this.line.text(end ? text.slice(end) : text)
  }

  isInterface(from, to) {
    const { codes } = this.tree
    while (from < to && codes[from] <= 32) from++
    if (from === to || !INTERFACE_STARTS[startOf(codes[from], codes[from + 1])]) return false
    return INTERFACE.test(this.tree.slice(from, to))
  }
}

function startOf(first, second) {
  return ((first | 32) & 127) * 128 + ((second | 32) & 127)
}
