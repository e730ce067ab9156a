// Writes text and marks: runs of the source that can be copied, and what has to be written anew.
import { literal, withoutSigns } from './literals.mjs'
import { withFormulas } from './math.mjs'
import { holds } from './measure.mjs'
import { plainReferences } from './references.mjs'
import { BLOCK, NAMES, PROPERTIES } from './tags.mjs'

const SLASH = 47
const AMPERSAND = 38
const BACKSLASH = 92
const DOLLAR = 36
/** First byte of the signs that stand for literals. */
const NONCHARACTER = 0xEF
/** What marks such as emphasis cannot enclose. */
const NO_INLINE = Uint8Array.from(PROPERTIES, (properties) => (properties & BLOCK ? 1 : 0))
/** Elements that are marks, by the name under which they are written. */
const MARKS = NAMES.map((name) => ({ b: 'strong', strong: 'strong', em: 'em', i: 'em', var: 'em', del: 'del', s: 'del', strike: 'del' })[name])
const LEADING_SPACE = /^(?:\s|&nbsp;|&#160;|\u00a0)+/
const TRAILING_SPACE = /(?:\s|&nbsp;|&#160;|\u00a0)+$/
const WORD_END = /[\p{L}\p{N}]$/u
const LEADING_SIGNS = /^[^\p{L}\p{N}\s<>&\uFDD0\uFDD1]+/u
const TRAILING_SIGNS = /[^\p{L}\p{N}\s<>;&\uFDD0\uFDD1]+$/u
export const BEGINNINGS = NAMES.map((name) => `<${name}>`)
export const ENDS = NAMES.map((name) => `</${name}>`)
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
/** Put a text. */
export const PUT = 0
/** Copy the end tag. */
export const COPY = 1
/** A block in a cell, a cell, a link: what follows is no longer in it. */
export const END_BLOCK = 2
export const END_CELL = 3
export const END_LINK = 4
export const END_MARK = 5
export const END_HEADING_LINK = 6
export const NEVER = 0x7fffffff

/** Writes pieces of HTML: what is copied from the source, text, and marks such as emphasis. */
export class TextWriter {
  /**
   * @param {import('./tree.mjs').Tree} tree
   * @param {import('./measure.mjs').Measure} measure Lengths of what is written.
   * @param {string} origin Address that the page's links are relative to.
   */
  constructor(tree, measure, origin) {
    this.origin = origin
    /** Marks such as emphasis that are open, and how many of the innermost are not written yet. */
    this.openMarks = []
    this.unwritten = 0
    /** Address for the first heading of the link that is open. */
    this.headingLink = ''
    this.tree = tree
    this.measure = measure
    this.pieces = []
    // The part of the source that comes next: most of a page is copied as it is, in long runs.
    this.from = 0
    this.to = 0
    // The elements that are open and have something to be done at their ends, the innermost last.
    this.open = []
    this.endings = []
    this.texts = []
    /** @type {ReturnType<typeof import('./tables.mjs').readTables>} */
    this.tables = { layout: new Set(), empty: new Map(), short: new Map() }
    /** Where the innermost of them ends. */
    this.until = NEVER
    this.isInCell = false
    this.isInLink = false
    this.breakIsDue = false
    this.cellIsEmpty = true
  }

  copy(from, to) {
    if (from !== this.to) {
      if (this.from < this.to) this.pieces.push(this.tree.slice(this.from, this.to))
      this.from = from
    }
    this.to = to
  }

  put(text) {
    if (this.from < this.to) this.pieces.push(this.tree.slice(this.from, this.to))
    this.from = this.to = 0
    this.pieces.push(text)
  }

  /** Go on within an element, at whose end something is to be done; return the node that comes next. */
  within(node, ending, text = '') {
    this.open.push(node)
    this.endings.push(ending)
    this.texts.push(text)
    this.until = this.tree.end[node]
    return node + 1
  }

  leave() {
    const { tree, open } = this
    const node = open.pop()
    const text = this.texts.pop()
    this.until = open.length ? tree.end[open[open.length - 1]] : NEVER
    switch (this.endings.pop()) {
      case PUT:
        this.put(text)
        break
      case COPY:
        this.copy(tree.closeFrom[node], tree.closeTo[node])
        break
      case END_BLOCK:
        this.breakIsDue = true
        break
      case END_CELL:
        this.isInCell = this.breakIsDue = false
        break
      case END_MARK:
        this.endMark(node)
        break
      case END_HEADING_LINK:
        this.headingLink = ''
        break
      default:
        this.isInLink = false
    }
  }

  wrapped(node, begin, end) {
    this.markup(begin)
    return this.within(node, PUT, end)
  }

  /** Write an element as its author did. */
  asItIs(node, tag) {
    const { tree } = this
    const to = tree.to[node]
    if (this.breakIsDue || this.unwritten || to === 0 || tree.codes[to - 2] === SLASH) this.markup(BEGINNINGS[tag])
    else this.copy(tree.from[node], to)
    return tree.closeTo[node] ? this.within(node, COPY) : this.within(node, PUT, ENDS[tag])
  }

  text(node) {
    const { tree } = this
    const from = tree.from[node]
    const to = tree.to[node]
    if (tree.size[node] < LONGEST_INTERFACE && this.isInterface(from, to)) return
    if (!this.isInCell && !tree.hasStraySigns && !this.unwritten && this.isPlain(from, to)) {
      this.copy(from, to)
      return
    }
    const text = escaped(plainReferences(withoutSigns(tree.slice(from, to))))
    this.sayText(withFormulas(text, (formula) => this.literal(formula)))
  }

  /** Say whether text holds no sign of a reference or a formula, so that it can be copied. */
  isPlain(from, to) {
    const { codes } = this.tree
    for (let at = from; at < to; at++) {
      const code = codes[at]
      if (code === AMPERSAND || code === BACKSLASH || code === DOLLAR || code === NONCHARACTER) return false
    }
    return true
  }

  /** Return what stands for Markdown that Mdream must not touch. */
  literal(text) {
    return literal(this.isInCell ? text.replaceAll('|', '\\|') : text)
  }

  isInterface(from, to) {
    const { codes } = this.tree
    while (from < to && codes[from] <= 32) from++
    if (from === to || !INTERFACE_STARTS[startOf(codes[from], codes[from + 1])]) return false
    return INTERFACE.test(this.tree.slice(from, to))
  }

  /** Write something that is seen. In a cell, a break goes before it when a block ended there. */
  say(text, isMarked = false) {
    if (this.isInCell && (this.breakIsDue || this.cellIsEmpty)) {
      if (!text.trim()) return
      if (this.breakIsDue && !this.cellIsEmpty) this.put('<br>')
      this.breakIsDue = false
      this.cellIsEmpty = false
    }
    if (this.unwritten && (isMarked || text.startsWith('<') || text.startsWith('\uFDD0')) && text !== '<br>') this.writeMarks()
    this.put(text)
  }

  /** Write text; marks that are open begin with its first letter, not with white space. */
  sayText(text) {
    if (!this.unwritten) {
      this.say(text)
      return
    }
    const space = LEADING_SPACE.exec(text)?.[0] ?? ''
    if (space) this.say(space)
    if (space.length === text.length) return
    const rest = text.slice(space.length)
    const sign = space || !this.endsWithWord() ? '' : LEADING_SIGNS.exec(rest)?.[0] ?? ''
    if (sign) {
      this.say(sign)
      this.sayText(rest.slice(sign.length))
    } else {
      this.say(rest, true)
    }
  }

  endsWithWord() {
    this.put('')
    const last = this.pieces.findLast((piece) => piece !== '') ?? ''
    return WORD_END.test(last)
  }

  /** Write the marks that are open and not written. */
  writeMarks() {
    const first = this.openMarks.length - this.unwritten
    this.unwritten = 0
    this.put('')
    for (const mark of this.openMarks.slice(first)) {
      while (this.pieces.length && this.pieces[this.pieces.length - 1] === '') this.pieces.pop()
      // Equal neighbours become one: two pairs of asterisks side by side are no emphasis.
      if (this.pieces[this.pieces.length - 1] === `</${mark}>`) this.pieces.pop()
      else this.pieces.push(`<${mark}>`)
    }
  }

  /** Begin emphasis and the like; white space at its edges stays outside. */
  mark(node, tag) {
    const mark = MARKS[tag]
    if (this.openMarks.includes(mark) || !this.measure.length(node) || holds(this.tree, node, NO_INLINE)) return node + 1
    this.openMarks.push(mark)
    this.unwritten++
    return this.within(node, END_MARK)
  }

  endMark(node) {
    const mark = this.openMarks.pop()
    if (this.unwritten) {
      this.unwritten--
      return
    }
    this.put('')
    const { pieces } = this
    let tail = ''
    for (let last = pieces.pop(); last !== undefined; last = pieces.pop()) {
      if (last === '' || last === '<br>') {
        tail = last + tail
        continue
      }
      const space = TRAILING_SPACE.exec(last)?.[0] ?? ''
      tail = space + tail
      const rest = last.slice(0, last.length - space.length)
      if (!rest) continue
      const signs = tail || !this.isBeforeWord(node) ? '' : TRAILING_SIGNS.exec(rest)?.[0] ?? ''
      const text = signs.length < rest.length ? rest.slice(0, rest.length - signs.length) : rest
      pieces.push(text, `</${mark}>`)
      tail = rest.slice(text.length) + tail
      break
    }
    if (tail) pieces.push(tail)
  }

  /** Say whether a letter or digit follows an element right away. */
  isBeforeWord(node) {
    const { tree } = this
    const next = tree.end[node]
    if (next >= tree.count || tree.tag[next] !== 0 || tree.from[next] === tree.to[next]) return false
    return /[\p{L}\p{N}]/u.test(tree.slice(tree.from[next], Math.min(tree.from[next] + 4, tree.to[next])).slice(0, 1))
  }

  markup(tag) {
    if (this.unwritten) this.writeMarks()
    if (this.isInCell && this.breakIsDue) {
      if (!this.cellIsEmpty) this.put('<br>')
      this.breakIsDue = false
      this.cellIsEmpty = true
    }
    this.put(tag)
  }
}

function startOf(first, second) {
  return ((first | 32) & 127) * 128 + ((second | 32) & 127)
}

export function escaped(text) {
  return text.includes('<') ? text.replaceAll('<', '&lt;') : text
}
