// Writes a part of a page as HTML that Markdown has a form for.
//
// Definition lists become terms with list items below them, what is folded is unfolded, tables that only lay
// out a page become blocks, code blocks lose their markup and keep their language, cells become one line.
import { children, firstOf, holds, nextOf, textOf } from './measure.mjs'
import { languageOf } from './code.mjs'
import { readTables } from './tables.mjs'
import { BLOCK_TITLE, FRAGMENT, LINE, PANEL, SIGNATURE } from './names.mjs'
import { BLOCK, FIRST_FREE, HEADING, ID, INLINE, NAMES, PROPERTIES, VOID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const ROOT = ID['#page']
const SLASH = 47
const NUMBER_SIGN = 35
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
const BLOCKS_IN_CELLS = Uint8Array.from(PROPERTIES, (properties, tag) => (properties & BLOCK && !CELLS[tag] ? 1 : 0))
const TITLES = ids('div', 'p', 'summary')
// Without a form in Markdown: only what is in them is written.
const BARE = ids(
  'abbr', 'acronym', 'bdi', 'bdo', 'big', 'cite', 'colgroup', 'data', 'dfn', 'font', 'ins', 'label', 'mark', 'math', 'nobr',
  'optgroup', 'option', 'output', 'picture', 'rb', 'rp', 'rt', 'ruby', 'slot', 'small', 'span', 'sub', 'time', 'u', 'wbr',
)
const UNWRAPPED_IN_CODE = ids('dl', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ol', 'p', 'pre', 'section', 'table', 'ul')
/** Elements that are written as others: what begins and what ends them. */
const RENAMED_ONES = [
  [ID.center, ['<div>', '</div>']],
  [ID.details, ['<div>', '</div>']],
  [ID.summary, ['<p>', '</p>']],
  [ID.template, ['<div>', '</div>']],
  [ID.var, ['<em>', '</em>']],
]
const RENAMED = NAMES.map((_, tag) => RENAMED_ONES.find(([one]) => one === tag)?.[1])
const BEGINNINGS = NAMES.map((name) => `<${name}>`)
const ENDS = NAMES.map((name) => `</${name}>`)
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
const LAZY = ['data-src', 'data-original', 'data-lazy-src'].map((name) => ATTRIBUTE[name])

// Marks of what is written otherwise, beside those that attributes give.
const UNWRAPPED = 8192
const ENTRIES = 16384
const CONTINUING = 32768

// What is done where an element ends.
/** Put a text. */
const PUT = 0
/** Copy the end tag. */
const COPY = 1
/** A block in a cell, a cell, a link: what follows is no longer in it. */
const END_BLOCK = 2
const END_CELL = 3
const END_LINK = 4
const NEVER = 0x7fffffff

export class PlainHtml {
  constructor(tree, measure) {
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
    /** @type {ReturnType<typeof readTables>} */
    this.tables = { layout: new Set(), empty: new Map() }
    /** Where the innermost of them ends. */
    this.until = NEVER
    this.isInCell = false
    this.isInLink = false
    this.breakIsDue = false
    this.cellIsEmpty = true
  }

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
      default:
        this.isInLink = false
    }
  }

  /** Write text whose markup was never any, as a code block. */
  verbatim(node) {
    return this.pre(node, rawText(this.tree, node))
  }

  wrapped(node, begin, end) {
    this.markup(begin)
    return this.within(node, PUT, end)
  }

  /** Write an element as its author did. */
  asItIs(node, tag) {
    const { tree } = this
    const to = tree.to[node]
    if (this.breakIsDue || tree.codes[to - 2] === SLASH) this.markup(BEGINNINGS[tag])
    else this.copy(tree.from[node], to)
    return tree.closeTo[node] ? this.within(node, COPY) : this.within(node, PUT, ENDS[tag])
  }

  text(node) {
    const { tree } = this
    const from = tree.from[node]
    const to = tree.to[node]
    if (tree.size[node] < LONGEST_INTERFACE && this.isInterface(from, to)) return
    if (this.isInCell || tree.hasStraySigns) this.say(escaped(tree.slice(from, to)))
    else this.copy(from, to)
  }

  isInterface(from, to) {
    const { codes } = this.tree
    while (from < to && codes[from] <= 32) from++
    if (from === to || !INTERFACE_STARTS[startOf(codes[from], codes[from + 1])]) return false
    return INTERFACE.test(this.tree.slice(from, to))
  }

  /** Write something that is seen. In a cell, a break goes before it when a block ended there. */
  say(text) {
    if (this.isInCell && (this.breakIsDue || this.cellIsEmpty)) {
      if (!text.trim()) return
      if (this.breakIsDue && !this.cellIsEmpty) this.put('<br>')
      this.breakIsDue = false
      this.cellIsEmpty = false
    }
    this.put(text)
  }

  markup(tag) {
    if (this.isInCell && this.breakIsDue) {
      if (!this.cellIsEmpty) this.put('<br>')
      this.breakIsDue = false
      this.cellIsEmpty = true
    }
    this.put(tag)
  }

  /** Write the beginning of an element, or all of it; return the node that comes next. */
  enter(node, tag) {
    const { tree } = this
    if (tree.marks[node] & PANEL) this.panelLabel(node)
    if (PROPERTIES[tag] & BLOCK) {
      if (this.isInCell && tag !== ID.pre && tag !== ID.hr) return this.blockInCell(node)
      if (this.isInLink && !TABLE_PARTS[tag]) return this.blockInLink(node)
    }
    if (tag >= FIRST_FREE || BARE[tag]) return node + 1
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
    this.within(node, PUT, ENDS[tag])
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

  lineBreak(node) {
    const { tree } = this
    let above = tree.parent[node]
    while (above > 0 && PROPERTIES[tree.tag[above]] & INLINE) above = tree.parent[above]
    // A heading is one line.
    this.say(PROPERTIES[tree.tag[above]] & HEADING ? ' ' : '<br>')
    return node + 1
  }

  link(node) {
    const { tree } = this
    const place = tree.placeOf(node, ATTRIBUTE.href)
    if (place < 0 || this.isInLink) return node + 1
    const { codes } = tree
    let from = tree.attributeFrom[place]
    const quote = codes[from - 1]
    while (codes[from] <= 32) from++
    if (from >= tree.attributeTo[place] || codes[from] === NUMBER_SIGN) return node + 1
    this.isInLink = true
    this.within(node, END_LINK)
    // Most links can be copied: their address is in quotes, and they have no title, which is noise.
    const isPlain = (quote === 34 || quote === 39) && !this.isInCell && !tree.has(node, ATTRIBUTE.title)
    return isPlain ? this.asItIs(node, ID.a) : this.wrapped(node, `<a href="${quoted(tree.value(place).trim())}">`, '</a>')
  }

  image(node) {
    const { tree } = this
    const alt = tree.get(node, ATTRIBUTE.alt).trim()
    let source = tree.get(node, ATTRIBUTE.src).trim()
    const late = LAZY.map((name) => tree.get(node, name)).find(Boolean)
    if (late && (!source || source.startsWith('data:'))) source = late.trim()
    if (!source || /^data:/i.test(source)) {
      this.say(escaped(alt))
    } else {
      this.say(`<img src="${quoted(source)}" alt="${quoted(alt)}">`)
    }
    return node + 1
  }

  code(node) {
    const { tree, measure } = this
    const end = tree.end[node]
    const isPlain = end === node + 2 && tree.tag[node] === ID.code && tree.size[node + 1] && tree.closeTo[node]
    if (isPlain && !this.isInCell && !tree.hasStraySigns) {
      this.copy(tree.from[node], tree.closeTo[node])
      return end
    }
    for (let inner = node + 1; inner < end; inner++) {
      if (UNWRAPPED_IN_CODE[tree.tag[inner]] && !tree.gone[inner]) return node + 1
    }
    const text = rawText(tree, node, ' ')
    if (!text.trim()) {
      this.say(text)
      return end
    }
    const link = this.isInLink || !measure.linked(node) ? -1 : this.onlyLink(node)
    const begin = link < 0 ? '' : `<a href="${quoted(tree.get(link, ATTRIBUTE.href))}">`
    this.say(`${begin}<code>${escaped(text)}</code>${begin && '</a>'}`)
    return end
  }

  onlyLink(node) {
    const link = this.tree.all(node, ID.a).find((one) => this.measure.length(one) === this.measure.length(node))
    const href = link === undefined ? '' : this.tree.get(link, ATTRIBUTE.href)
    return href && !href.startsWith('#') ? link : -1
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
        this.say(`<code>${escaped(line)}</code>`)
        this.breakIsDue = true
      }
      return tree.end[node]
    }
    const language = languageOf(tree, node)
    const named = language && ` class="language-${language}"`
    this.put(`<pre><code${named}>${escaped(text.trimEnd())}</code></pre>`)
    return tree.end[node]
  }

  superscript(node) {
    const { tree } = this
    const isPlain = children(tree, node).every((inner) => BARE[tree.tag[inner]])
    if (isPlain && this.measure.length(node)) this.say('^')
    return node + 1
  }
}

/** Return the text of a part as it was written, line breaks as `separator`. */
function rawText(tree, top, separator = '\n') {
  const { tag: tags, gone, from, to, end: ends } = tree
  let text = ''
  const end = ends[top]
  let inner = top
  for (; inner < end; inner++) {
    if (gone[inner]) inner = ends[inner] - 1
    else if (tags[inner] === 0) text += tree.slice(from[inner], to[inner])
    else if (inner !== top && (tags[inner] === ID.br || PROPERTIES[tags[inner]] & BLOCK)) break
  }
  return inner < end ? rawLines(tree, top, separator) : text
}

/** Return the text of a part in which elements begin lines. */
function rawLines(tree, top, separator) {
  let text = ''
  const write = (node) => {
    const tag = tree.tag[node]
    if (tree.gone[node]) return
    if (tag === 0) {
      text += tree.raw(node)
      return
    }
    if (tag === ID.br) text += separator
    const end = tree.end[node]
    for (let inner = node + 1; inner < end; inner = tree.end[inner]) write(inner)
    // A block within code is a line of it.
    if (PROPERTIES[tag] & BLOCK && node !== top && text && !text.endsWith('\n')) text += separator
  }
  write(top)
  return text
}

function startOf(first, second) {
  return ((first | 32) & 127) * 128 + ((second | 32) & 127)
}

function escaped(text) {
  return text.includes('<') ? text.replaceAll('<', '&lt;') : text
}

function quoted(value) {
  return /["<>]/.test(value)
    ? value.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    : value
}
