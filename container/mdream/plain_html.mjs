// Writes a part of a page as HTML that Markdown has a form for.
//
// Definition lists become terms with list items below them, what is folded is unfolded, tables that only lay
// out a page become blocks, code blocks lose their markup and keep their language, cells become one line.
import { children, firstOf, holds, nextOf, textOf } from './measure.mjs'
import { protectedMail } from './addresses.mjs'
import { BARE, InlineWriter } from './inline.mjs'
import { languageOf } from './code.mjs'
import { rawText } from './raw_lines.mjs'
import { plainReferences } from './references.mjs'
import { readTables } from './tables.mjs'
import { BLOCK_TITLE, FRAGMENT, LINE, PANEL, SIGNATURE } from './names.mjs'
import { BLOCK, FIRST_FREE, HEADING, ID, NAMES, PROPERTIES, VOID, ids } from './tags.mjs'
import { BEGINNINGS, END_BLOCK, END_CELL, END_LINK, ENDS, PUT, escaped } from './text_writer.mjs'
import { ATTRIBUTE } from './tree.mjs'

const ROOT = ID['#page']
/** Elements that are left out, but leave something in their place. */
const LEFT_OUT = ids('iframe', 'input', 'script', 'video')
const MARKED = ids('b', 'del', 'em', 'i', 's', 'strike', 'strong', 'var')
const CODE = ids('code', 'kbd', 'samp', 'tt')
const TABLE_PARTS = ids('caption', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr')
const CELLS = ids('td', 'th')
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const LISTS = ids('ol', 'ul')
const QUOTATIONS = ids('blockquote')
/** Lists or quotations within each other that are written as such. */
const DEEPEST_LEVEL = 12
/** What an item of a list does not begin with when it is text. */
const LARGE = ids('dl', 'hr', 'pre', 'section', 'table')
/** What is seen without a text. */
const SEEN = ids('hr', 'img')
const SEEN_IN_ITEMS = ids('hr', 'iframe', 'img', 'input', 'math', 'video')
const BLOCKS_IN_CELLS = Uint8Array.from(PROPERTIES, (properties, tag) => (properties & BLOCK && !CELLS[tag] ? 1 : 0))
const TITLES = ids('div', 'p', 'summary')
/** Elements that are written as others: what begins and what ends them. */
const RENAMED_ONES = [
  [ID.center, ['<div>', '</div>']],
  [ID.details, ['<div>', '</div>']],
  [ID.summary, ['<p>', '</p>']],
  [ID.template, ['<div>', '</div>']],
]
const RENAMED = NAMES.map((_, tag) => RENAMED_ONES.find(([one]) => one === tag)?.[1])

// Marks of what is written otherwise, beside those that attributes give.
const UNWRAPPED = 8192
const ENTRIES = 16384
const CONTINUING = 32768

export class PlainHtml extends InlineWriter {
  /** Return a part of the page. */
  write(top) {
    const { tag: tags, gone, end: ends } = this.tree
    this.pieces = []
    this.from = this.to = 0
    this.tables = readTables(this.tree, top)
    const end = ends[top]
    for (let node = top; node < end;) {
      while (node >= this.until) this.leave()
      const tag = tags[node]
      if (gone[node]) {
        if (LEFT_OUT[tag]) this.leftOut(node, tag)
        node = ends[node]
      } else if (tag === 0) {
        this.text(node)
        node++
      } else {
        node = this.enter(node, tag)
      }
    }
    while (this.open.length) this.leave()
    this.put('')
    return this.pieces.join('')
  }

  protectedText(node) {
    const mail = protectedMail(this.tree.get(node, ATTRIBUTE['data-cfemail']))
    return mail ? this.mail(node, mail) : node + 1
  }

  /** Write a heading; one without a text is none, and one in a link holds the link. */
  heading(node, tag) {
    if (!this.measure.length(node) && !this.holdsPicture(node)) return node + 1
    if (!this.headingLink) return this.asItIs(node, tag)
    const begin = `<${NAMES[tag]}>${this.headingLink}`
    this.headingLink = ''
    this.isInLink = true
    this.within(node, PUT, `</a>${ENDS[tag]}`)
    this.markup(begin)
    return this.within(node, END_LINK)
  }

  /** Say whether a heading holds a formula or an image with a description. */
  holdsPicture(node) {
    const { tree } = this
    for (let inner = node + 1; inner < tree.end[node]; inner++) {
      if (tree.gone[inner]) continue
      if (tree.tag[inner] === ID.math || (tree.tag[inner] === ID.img && tree.get(inner, ATTRIBUTE.alt).trim())) return true
    }
    return false
  }

  /** Write text whose markup was never any, as a code block. */
  verbatim(node) {
    return this.pre(node, rawText(this.tree, node))
  }

  /** Write the beginning of an element, or all of it; return the node that comes next. */
  enter(node, tag) {
    const { tree } = this
    if (tree.marks[node] & PANEL) this.panelLabel(node)
    if (PROPERTIES[tag] & BLOCK) {
      if (this.isInCell && tag !== ID.pre && tag !== ID.hr) return this.blockInCell(node)
      if (this.isInLink && !TABLE_PARTS[tag]) return this.blockInLink(node)
    }
    if (tag === ID.span && tree.has(node, ATTRIBUTE['data-cfemail'])) return this.protectedText(node)
    if (tag >= FIRST_FREE || BARE[tag]) return node + 1
    if (MARKED[tag]) return this.mark(node, tag)
    if (PROPERTIES[tag] & HEADING) return this.heading(node, tag)
    if (CODE[tag]) return this.code(node)
    if (tree.marks[node] & BLOCK_TITLE && TITLES[tag]) return this.wrapped(node, '<p><strong>', '</strong></p>')
    if (TABLE_PARTS[tag]) return this.tablePart(node, tag)
    switch (tag) {
      case ID.a: return this.link(node)
      case ID.blockquote: return this.quotation(node)
      case ID.br: return this.lineBreak(node)
      case ID.col: return node + 1
      case ID.dd: return this.isEntry(node) ? this.within(node, PUT, this.endOfEntry(node)) : this.wrapped(node, '<ul><li>', '</li></ul>')
      case ID.div: return this.isFragment(node) ? this.fragment(node) : this.wrapped(node, '<div>', '</div>')
      case ID.dl: return this.definitions(node)
      case ID.dt: return this.isEntry(node) ? this.entry(node) : this.term(node)
      case ID.img: return this.image(node)
      case ID.li: return this.item(node)
      case ID.ol: case ID.ul: return this.list(node, tag)
      case ID.pre: return this.pre(node, rawText(tree, node))
      case ID.sup: return this.superscript(node)
      case ID.sub: return this.subscript(node)
      case ID.rt: return this.ruby(node)
      case ID.rp: return tree.end[node]
      case ID.math: return this.math(node)
      case ID.xmp: case ID.plaintext: case ID.listing: return this.verbatim(node)
      case ID.address: return this.wrapped(node, '<div>', '</div>')
      case ROOT: return node + 1
      default:
    }
    const renamed = RENAMED[tag]
    if (renamed) return this.wrapped(node, renamed[0], renamed[1])
    if (PROPERTIES[tag] & VOID) {
      if (tag === ID.hr) this.markup('<hr>')
      return node + 1
    }
    return this.asItIs(node, tag)
  }

  /** Write the label of a panel, which a reader sees on the tab that opens it. */
  panelLabel(node) {
    const label = this.tree.labels.get(node)
    if (!label) return
    this.tree.labels.delete(node)
    if (this.isInCell || this.isInLink) this.say(` ${escaped(label)} `)
    else this.put(`<p><strong>${escaped(label)}</strong></p>`)
  }

  blockInCell(node) {
    this.breakIsDue = true
    return this.within(node, END_BLOCK)
  }

  blockInLink(node) {
    this.put(' ')
    if (this.tree.tag[node] !== ID.pre) return this.within(node, PUT, ' ')
    this.say(escaped(rawText(this.tree, node)))
    this.put(' ')
    return this.tree.end[node]
  }

  tablePart(node, tag) {
    const { tree } = this
    if (this.tables.layout.has(tag === ID.table ? node : this.tableOf(node))) return this.layoutPart(node, tag)
    if (!CELLS[tag]) return this.asItIs(node, tag)
    for (let missing = this.tables.empty.get(node) ?? 0; missing > 0; missing--) this.put('<td></td>')
    this.copy(tree.from[node], tree.to[node])
    this.isInCell = this.cellIsEmpty = true
    this.breakIsDue = false
    const missing = this.tables.short.get(node) ?? 0
    this.within(node, PUT, ENDS[tag] + `${BEGINNINGS[tag]}${ENDS[tag]}`.repeat(missing))
    return this.within(node, END_CELL)
  }

  /** Write a part of a table that only lays out: rows of words become a line, cells that hold blocks become blocks. */
  layoutPart(node, tag) {
    const { tree } = this
    if (CELLS[tag]) {
      if (!textOf(tree, node) && !holds(tree, node, SEEN)) return tree.end[node]
      if (tree.marks[tree.parent[node]] & UNWRAPPED) return this.within(node, PUT, ' ')
    } else if (tag === ID.tr && !holds(tree, node, BLOCKS_IN_CELLS)) {
      tree.marks[node] |= UNWRAPPED
    }
    return this.wrapped(node, '<div>', '</div>')
  }

  tableOf(node) {
    const { tree } = this
    let above = tree.parent[node]
    while (above > 0 && tree.tag[above] !== ID.table) above = tree.parent[above]
    return above
  }

  /** Say whether a quotation is text that docutils found indented, most often by accident. */
  isIndented(node) {
    const { tree, measure } = this
    const inner = children(tree, node)
    return inner.length === 1 && tree.tag[inner[0]] === ID.div && measure.length(inner[0]) === measure.length(node)
  }

  quotation(node) {
    if (this.isIndented(node)) return node + 1
    return this.isTooDeep(node, QUOTATIONS) ? this.wrapped(node, '<div>', '</div>')
      : this.wrapped(node, '<blockquote>', '</blockquote>')
  }

  /** Say whether an element lies in so many of its kind that Markdown's indentation would outgrow the text. */
  isTooDeep(node, kinds) {
    const { tree } = this
    let depth = 0
    for (let above = tree.parent[node]; above > 0; above = tree.parent[above]) {
      if (kinds[tree.tag[above]] && ++depth >= DEEPEST_LEVEL) return true
    }
    return false
  }

  /** Write a list; one that only lays out a page becomes blocks. */
  list(node, tag) {
    if (!this.isLayout(node) && !this.isTooDeep(node, LISTS)) return this.asItIs(node, tag)
    this.tree.marks[node] |= UNWRAPPED
    return this.wrapped(node, '<div>', '</div>')
  }

  /** Say whether a list has headings in it, or is one item that begins with something larger than text. */
  isLayout(node) {
    const { tree } = this
    if (holds(tree, node, HEADINGS)) return true
    const items = children(tree, node)
    if (items.length !== 1 || tree.tag[items[0]] !== ID.li) return false
    const first = firstOf(tree, items[0])
    return first >= 0 && LARGE[tree.tag[first]] === 1
  }

  item(node) {
    const { tree } = this
    if (tree.marks[tree.parent[node]] & UNWRAPPED) return this.wrapped(node, '<div>', '</div>')
    if (!this.measure.length(node) && !holds(tree, node, SEEN_IN_ITEMS)) return tree.end[node]
    const isContinuing = tree.marks[node] & CONTINUING
    if (!isContinuing && this.isOnlyList(node)) return node + 1
    const next = nextOf(tree, node)
    const goesOn = next >= 0 && this.isOnlyList(next)
    if (goesOn) tree.marks[next] |= CONTINUING
    if (isContinuing) return this.within(node, PUT, goesOn ? '' : '</li>')
    if (!goesOn) return this.asItIs(node, ID.li)
    this.markup('<li>')
    return this.within(node, PUT)
  }

  /** Say whether an item is nothing but a list, which then belongs to the item before it. */
  isOnlyList(node) {
    const { tree, measure } = this
    const first = tree.tag[node] === ID.li ? firstOf(tree, node) : -1
    return first >= 0 && LISTS[tree.tag[first]] === 1 && measure.length(first) === measure.length(node)
  }

  /** Write a definition list; one whose terms are explained by nothing but such lists is a table of contents. */
  definitions(node) {
    const { tree, measure } = this
    const parts = children(tree, node)
    const hasExplanations = parts.some((part) => tree.tag[part] !== ID.dt)
    const isTableOfContents = parts.length > 0 && !(tree.marks[parts[0]] & SIGNATURE) && parts.every((part) => {
      if (tree.tag[part] === ID.dt) return hasExplanations ? measure.linkShare(part) > 0.5 : measure.linked(part) > 0
      const [list, ...others] = children(tree, part)
      return tree.tag[part] === ID.dd && list !== undefined && tree.tag[list] === ID.dl && others.length === 0
    })
    if (!isTableOfContents) return this.wrapped(node, '<div>', '</div>')
    tree.marks[node] |= ENTRIES
    return this.wrapped(node, '<ul>', '</ul>')
  }

  isEntry(node) {
    return this.tree.marks[this.tree.parent[node]] & ENTRIES
  }

  entry(node) {
    this.put('<li>')
    return this.within(node, PUT, this.endOfEntry(node))
  }

  /** Return what ends an entry of a table of contents, to which a list that follows belongs. */
  endOfEntry(node) {
    const { tree } = this
    const next = nextOf(tree, node)
    return next >= 0 && tree.tag[next] === ID.dd ? '' : '</li>'
  }

  term(node) {
    if (!(this.tree.marks[node] & SIGNATURE)) return this.wrapped(node, '<p>', '</p>')
    const text = rawText(this.tree, node).trim().replace(/\s+/g, ' ')
    this.put(`<p><code>${escaped(text)}</code></p>`)
    return this.tree.end[node]
  }

  isFragment(node) {
    if (!(this.tree.marks[node] & FRAGMENT)) return false
    const lines = children(this.tree, node)
    return lines.length > 0 && lines.every((line) => this.tree.marks[line] & LINE)
  }

  /** Write Doxygen's code, whose lines are blocks. */
  fragment(node) {
    return this.pre(node, children(this.tree, node).map((line) => rawText(this.tree, line)).join('\n'))
  }

  pre(node, text) {
    const { tree } = this
    if (!text.trim()) return tree.end[node]
    if (this.isInCell) {
      this.breakIsDue = true
      for (const line of text.split('\n')) {
        if (!line.trim()) continue
        this.say(`<code>${escaped(plainReferences(line))}</code>`)
        this.breakIsDue = true
      }
      return tree.end[node]
    }
    const language = languageOf(tree, node)
    const named = language && ` class="language-${language}"`
    this.put(`<pre><code${named}>${escaped(plainReferences(text.trimEnd()))}</code></pre>`)
    return tree.end[node]
  }

}