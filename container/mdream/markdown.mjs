// Write a part of a page as Markdown.
//
// Definition lists become terms followed by list items, folded parts are written in full, layout tables become
// blocks, code blocks lose their markup and keep their language, and the content of a cell becomes one line.
import { Fragments } from './fragments.mjs'
import { columnsOf } from './grids.mjs'
import { InlineWriter, LISTS, SEEN } from './inline.mjs'
import { leaveOutBullet, numberingOf, taskOf, valueOf } from './items.mjs'
import { children, firstOf, holds, textOf } from './measure.mjs'
import { BLOCK_TITLE, PANEL, SIGNATURE } from './names.mjs'
import { linesOfTable, rawText } from './raw_lines.mjs'
import { decoded } from './references.mjs'
import { readTables } from './tables.mjs'
import { BARE, BLOCK, FIRST_FREE, HEADING, ID, NAMES, PROPERTIES, ids } from './tags.mjs'
import {
  END_CAPTION, END_CELL, END_CONTAINER, END_HEADING, END_LINE, END_LINK, END_LIST, END_PARAGRAPH, END_TABLE, END_WORD,
} from './text_writer.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Elements that are not written themselves, but are replaced by other text. */
const LEFT_OUT = ids('audio', 'embed', 'iframe', 'input', 'noscript', 'object', 'script', 'video')
const MARKED = ids('b', 'del', 'em', 'i', 's', 'strike', 'strong', 'var')
const CODE = ids('code', 'kbd', 'samp', 'tt')
const TABLE_PARTS = ids('caption', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr')
const CELLS = ids('td', 'th')
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const PREFORMATTED = ids('listing', 'plaintext', 'pre', 'xmp')
const QUOTATIONS = ids('blockquote')
/** Nesting levels up to which lists and quotations are written as such. */
const DEEPEST_LEVEL = 12
/** Items with headings from which a list is no layout. */
const FEWEST_CARDS = 2
/** Elements that a list item with ordinary text does not begin with. */
const LARGE = ids('dl', 'hr', 'pre', 'section', 'table')
const BLOCKS_IN_CELLS = Uint8Array.from(PROPERTIES, (properties, tag) => (properties & BLOCK && !CELLS[tag] ? 1 : 0))
/** Elements that prevent a caption from being written as emphasis. */
const NOT_EMPHASIZED = Uint8Array.from(PROPERTIES, (properties, tag) => (properties & BLOCK || MARKED[tag] || tag === ID.img ? 1 : 0))
const TITLES = ids('div', 'p', 'summary')
const DOCUTILS = /docutils|sphinx|reStructuredText/i

// Marks that this writer sets, in addition to those from attributes.
const UNWRAPPED = 8192
const ENTRIES = 16384

export class MarkdownWriter extends InlineWriter {
  constructor(tree, measure, origin) {
    super(tree, measure, origin)
    this.fragments = new Fragments(tree)
    /** Definition lists whose most recent part explains a term. */
    this.explained = new Set()
    /** Whether docutils created the page; `null` until a quotation asks for it. */
    this.isOfDocutils = null
  }

  /** Append a part of the page to the output. */
  write(top) {
    const { tag: tags, gone, end: ends } = this.tree
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
    this.blocks.flush()
  }

  /** Return the Markdown written so far. */
  finish() {
    return this.blocks.finish()
  }

  /** Write the start of an element, or the whole element; return the next node to write. */
  enter(node, tag) {
    const { tree, line } = this
    if (tree.marks[node] & PANEL) this.panelLabel(node)
    if (PROPERTIES[tag] & BLOCK && (line.isInCell || line.isInLink || this.isInHeading)) return this.blockInLine(node, tag)
    if (tag === ID.span && tree.has(node, ATTRIBUTE['data-cfemail'])) return this.protectedText(node)
    if (node === this.linkedTitle) return this.linkTitle(node)
    if (tag === ID.span && this.isTooltip(node)) return this.inBrackets(node)
    if (tag === ID.span) this.separate(node)
    if (tag >= FIRST_FREE || BARE[tag]) return tag === ID.cite && this.isSource(node) ? this.within(node, END_LINE) : node + 1
    if (MARKED[tag]) return this.mark(node, tag)
    if (PROPERTIES[tag] & HEADING) return this.heading(node, tag)
    if (CODE[tag]) return this.code(node)
    if (tree.marks[node] & BLOCK_TITLE && TITLES[tag]) return this.blockTitle(node)
    if (TABLE_PARTS[tag]) return this.tablePart(node, tag)
    switch (tag) {
      case ID.a: return this.link(node)
      case ID.blockquote: return this.quotation(node)
      case ID.br: return this.lineBreak(node)
      case ID.dd: return this.explanation(node)
      case ID.div: return this.fragments.includes(node) ? this.pre(node, this.fragments.textOf(node)) : this.paragraph(node)
      case ID.dl: return this.definitions(node)
      case ID.dt: return this.isEntry(node) ? this.beginItem(node) : this.term(node)
      case ID.figcaption: return this.caption(node)
      case ID.hr: return this.rule(node)
      case ID['amp-vimeo']: case ID['amp-youtube']: case ID['lite-vimeo']: case ID['lite-youtube']: return this.film(node)
      case ID.img: return this.image(node)
      case ID['joomla-hidden-mail']: return this.hiddenMail(node)
      case ID.li: return this.item(node)
      case ID.ol: case ID.ul: return this.list(node, tag)
      case ID.pre: return tree.has(node, ATTRIBUTE['data-math-style']) ? this.code(node) : this.pre(node, rawText(tree, node))
      case ID.q: return this.quoted(node)
      case ID.sup: return this.superscript(node)
      case ID.sub: return this.subscript(node)
      case ID.rt: return this.inBrackets(node)
      case ID.rp: return tree.end[node]
      case ID.math: return this.math(node)
      // Obsolete elements whose content is plain text.
      case ID.xmp: case ID.plaintext: case ID.listing: return this.plainText(node)
      case ID.summary: case ID.template: return this.paragraph(node)
      default: return PROPERTIES[tag] & BLOCK ? this.paragraph(node) : node + 1
    }
  }

  /**
   * Write a heading. A heading without text is left out; for a heading in a link, the link is written in the heading.
   */
  heading(node, tag) {
    if (!this.measure.length(node) && !this.holdsPicture(node)) return node + 1
    this.blocks.flush()
    this.isInHeading = true
    this.within(node, END_HEADING, NAMES[tag][1])
    if (!this.headingLink) return node + 1
    this.line.open('link')
    this.within(node, END_LINK, this.headingLink)
    this.headingLink = ''
    return node + 1
  }

  /** Return whether a heading contains a formula or an image with a description. */
  holdsPicture(node) {
    const { tree } = this
    for (let inner = node + 1; inner < tree.end[node]; inner++) {
      if (tree.gone[inner]) continue
      if (tree.tag[inner] === ID.math || (tree.tag[inner] === ID.img && tree.get(inner, ATTRIBUTE.alt).trim())) return true
    }
    return false
  }

  /** Write the label of a panel, which is the text of the tab that opens it. */
  panelLabel(node) {
    const { line, blocks } = this
    const label = this.tree.labels.get(node)
    if (!label || !(this.measure.length(node) || holds(this.tree, node, SEEN))) return
    this.tree.labels.delete(node)
    if (line.isInCell || line.isInLink || this.isInHeading) {
      line.text(` ${label} `)
      return
    }
    blocks.flush()
    line.open('strong')
    line.text(label)
    line.close('strong')
    blocks.flush()
  }

  blockTitle(node) {
    this.blocks.flush()
    this.line.open('strong')
    this.within(node, END_PARAGRAPH)
    return node + 1
  }

  /** Write the caption of a figure as emphasis, unless it contains elements that emphasis cannot enclose. */
  caption(node) {
    if (holds(this.tree, node, NOT_EMPHASIZED)) return this.paragraph(node)
    this.blocks.flush()
    this.line.open('em')
    return this.within(node, END_CAPTION)
  }

  /** Write a block inside a table cell as a line of the cell, and a block inside a link or heading as inline text. */
  blockInLine(node, tag) {
    const { tree, line } = this
    if (!line.isInCell) {
      line.text(' ')
      if (!PREFORMATTED[tag]) return this.within(node, END_WORD)
      line.text(decoded(rawText(tree, node)))
      line.text(' ')
      return tree.end[node]
    }
    if (this.isListInCell(node, tag)) return this.listInCell(node, tag)
    line.break()
    if (tag === ID.hr) return node + 1
    if (!PREFORMATTED[tag]) return this.within(node, END_LINE)
    for (const one of decoded(rawText(tree, node)).split('\n')) {
      line.code(one)
      line.break()
    }
    return tree.end[node]
  }

  tablePart(node, tag) {
    const { rows, line, blocks, tree } = this
    if (tag === ID.table && this.isCodeTable(node)) return this.pre(node, linesOfTable(this.tree, node))
    if (this.tables.layout.has(tag === ID.table ? node : this.tableOf(node))) return this.layoutPart(node, tag)
    if (tag === ID.table) {
      blocks.flush()
      return this.within(node, END_TABLE)
    }
    if (tag === ID.tr) this.beginRow(this.tree.tag[this.tree.parent[node]])
    if (tag === ID.caption) return this.paragraph(node)
    if (!CELLS[tag]) return node + 1
    if (!rows.length || this.isFull(rows[rows.length - 1], tree.parent[node])) this.beginRow(tag)
    const row = rows[rows.length - 1]
    for (let missing = this.tables.empty.get(node) ?? 0; missing > 0; missing--) row.push('')
    line.finish()
    line.isInCell = true
    return this.within(node, END_CELL)
  }

  /** Return whether a row of a table without rows has all its cells. */
  isFull(row, table) {
    return row.length > 0 && this.tree.tag[table] === ID.table && row.length === columnsOf(this.tree, table)
  }

  /**
   * Write a part of a layout table: rows of plain text become one line each, cells that contain blocks become blocks.
   */
  layoutPart(node, tag) {
    const { tree } = this
    if (CELLS[tag]) {
      if (!textOf(tree, node) && !holds(tree, node, SEEN)) return tree.end[node]
      if (tree.marks[tree.parent[node]] & UNWRAPPED) return this.within(node, END_WORD)
    } else if (tag === ID.tr && !holds(tree, node, BLOCKS_IN_CELLS)) {
      tree.marks[node] |= UNWRAPPED
    }
    return this.paragraph(node)
  }

  tableOf(node) {
    const { tree } = this
    let above = tree.parent[node]
    while (above > 0 && tree.tag[above] !== ID.table) above = tree.parent[above]
    return above
  }

  /**
   * Return whether a quotation was created by docutils for indented text, which is usually accidental if it contains
   * more than paragraphs.
   */
  isIndented(node) {
    const { tree, measure } = this
    const inner = children(tree, node)
    if (inner.length !== 1 || tree.tag[inner[0]] !== ID.div || measure.length(inner[0]) !== measure.length(node)) return false
    if (children(tree, inner[0]).every((part) => tree.tag[part] === ID.p)) return false
    this.isOfDocutils ??= DOCUTILS.test(tree.source)
    return this.isOfDocutils
  }

  quotation(node) {
    if (this.isIndented(node)) return node + 1
    if (this.isTooDeep(node, QUOTATIONS)) return this.paragraph(node)
    this.blocks.beginQuotation()
    return this.within(node, END_CONTAINER)
  }

  rule(node) {
    this.blocks.rule()
    return node + 1
  }

  /** Return whether an element is nested so deeply that its indentation would be longer than its text. */
  isTooDeep(node, kinds) {
    const { tree } = this
    let depth = 0
    for (let above = tree.parent[node]; above > 0; above = tree.parent[above]) {
      if (kinds[tree.tag[above]] && ++depth >= DEEPEST_LEVEL) return true
    }
    return false
  }

  /** Write a list; a list that is used only for layout becomes blocks. */
  list(node, tag) {
    const { tree, blocks } = this
    const around = tree.parent[node]
    if (this.isLayout(node) || this.isTooDeep(node, LISTS)) {
      tree.marks[node] |= UNWRAPPED
      return this.paragraph(node)
    }
    // A list directly in a list belongs to the item before it; without one, its items are those of the outer list.
    if (LISTS[tree.tag[around]] && !(tree.marks[around] & UNWRAPPED)) {
      if (!blocks.resumeItem()) return node + 1
      this.within(node, END_CONTAINER)
    }
    const { first, step } = numberingOf(tree, node)
    blocks.beginList(NAMES[tag], first, false, step)
    return this.within(node, END_LIST)
  }

  /**
   * Return whether a list is used for layout: it has one item that contains a heading or begins with a large block, or all
   * items are sections.
   */
  isLayout(node) {
    const { tree } = this
    const items = children(tree, node)
    if (items.length < FEWEST_CARDS && holds(tree, node, HEADINGS)) return true
    if (items.length > 1 && items.every((item) => this.isSection(item))) return true
    if (items.length !== 1 || tree.tag[items[0]] !== ID.li) return false
    const first = firstOf(tree, items[0])
    return first >= 0 && LARGE[tree.tag[first]] === 1
  }

  isSection(item) {
    const first = this.tree.tag[item] === ID.li ? firstOf(this.tree, item) : -1
    return first >= 0 && this.tree.tag[first] === ID.section && holds(this.tree, first, HEADINGS)
  }

  item(node) {
    const { tree, blocks } = this
    if (tree.marks[tree.parent[node]] & UNWRAPPED) return this.paragraph(node)
    if (!this.isOnlyList(node)) return this.beginItem(node)
    return blocks.resumeItem() ? this.within(node, END_CONTAINER) : node + 1
  }

  beginItem(node) {
    const { tree, blocks, line } = this
    if (blocks.depth >= 2 * DEEPEST_LEVEL) return this.paragraph(node)
    blocks.beginItem(valueOf(tree, node))
    leaveOutBullet(tree, node)
    const task = tree.tag[node] === ID.li ? taskOf(tree, this.measure, node) : ''
    if (task) line.markdown(task)
    if (task) line.text(' ')
    return this.within(node, END_CONTAINER)
  }

  /** Return whether an item contains only a list, which then belongs to the previous item. */
  isOnlyList(node) {
    const { tree, measure } = this
    const first = tree.tag[node] === ID.li ? firstOf(tree, node) : -1
    return first >= 0 && LISTS[tree.tag[first]] === 1 && measure.length(first) === measure.length(node)
  }

  /**
   * Write a definition list. If its terms are explained only by other definition lists, it is a table of contents.
   */
  definitions(node) {
    const { tree, measure } = this
    const parts = children(tree, node)
    const hasExplanations = parts.some((part) => tree.tag[part] !== ID.dt)
    const isTableOfContents = parts.length > 0 && !(tree.marks[parts[0]] & SIGNATURE) && parts.every((part) => {
      if (tree.tag[part] === ID.dt) return hasExplanations ? measure.linkShare(part) > 0.5 : measure.linked(part) > 0
      const [list, ...others] = children(tree, part)
      return tree.tag[part] === ID.dd && list !== undefined && tree.tag[list] === ID.dl && others.length === 0
    })
    if (!isTableOfContents) return this.paragraph(node)
    tree.marks[node] |= ENTRIES
    this.blocks.beginList('ul')
    return this.within(node, END_LIST)
  }

  isEntry(node) {
    return this.tree.marks[this.tree.parent[node]] & ENTRIES
  }

  /**
   * Write the explanation of a term as a list item, and the content below an entry of a table of contents as part of
   * the entry.
   */
  explanation(node) {
    const { tree, blocks } = this
    if (this.isEntry(node)) return blocks.resumeItem() ? this.within(node, END_CONTAINER) : this.beginItem(node)
    if (blocks.depth > DEEPEST_LEVEL) return this.paragraph(node)
    const list = tree.parent[node]
    blocks.beginList('ul', 1, this.explained.has(list))
    this.explained.add(list)
    this.within(node, END_LIST)
    return this.beginItem(node)
  }

  term(node) {
    this.explained.delete(this.tree.parent[node])
    if (!(this.tree.marks[node] & SIGNATURE)) return this.paragraph(node)
    const { blocks, line, tree } = this
    blocks.flush()
    line.code(decoded(rawText(tree, node)).trim().replace(/\s+/g, ' '))
    blocks.flush()
    return tree.end[node]
  }

  /** Write an obsolete element whose content is plain text; unlike `pre`, some of them are no blocks of the parser. */
  plainText(node) {
    const { line, tree } = this
    if (line.isInCell || line.isInLink || this.isInHeading) return this.blockInLine(node, tree.tag[node])
    return this.pre(node, rawText(tree, node))
  }
}
