// Reads the source of a page into a flat tree.
//
// End tags that authors leave out are written in by the rules of the HTML standard for p, li, dt, dd, tables
// and headings. What the standard does with formatting that crosses blocks is simplified: it ends at the block.
import { judge } from './marks.mjs'
import { HIDDEN } from './names.mjs'
import {
  CLOSES, CLOSES_P, FIRST_FREE, HEADING, ID, INLINE, MOST_IDS, NAMES, NEVER, OF_HEAD, PROPERTIES, RAW, SCOPE, VOID,
  Numbering, ids, isName,
} from './tags.mjs'
import { ATTRIBUTE, Tree } from './tree.mjs'

/** Elements nested deeper than this become siblings, as in browsers. */
const DEEPEST = 512
/** Characters that are looked at one by one before the rest is searched. */
const NEAR = 48

const LESS = 60
const EQUALS = 61
const GREATER = 62
const SLASH = 47
const EXCLAMATION = 33
const QUESTION = 63

const ROOT = 1

const { class: CLASS, href: HREF, id: IDENTITY } = ATTRIBUTE
const LONGEST_NAME = 13
// For each length of a name, the letters that one of them begins with, as bits.
const BEGINNINGS = new Int32Array(LONGEST_NAME + 1)
for (const name of Object.keys(ATTRIBUTE)) BEGINNINGS[name.length] |= 1 << (name.charCodeAt(0) & 31)

const { a: A, body: BODY, caption: CAPTION, colgroup: COLGROUP, dd: DD, div: DIV, dt: DT, head: HEAD,
  html: HTML, li: LI, math: MATH, option: OPTION, p: P, pre: PRE, svg: SVG, table: TABLE, title: TITLE, tr: TR } = ID
const CELLS = ids('td', 'th')
const SECTIONS = ids('tbody', 'tfoot', 'thead')
const OF_TABLES = ids('caption', 'colgroup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr')
const LISTS = ids('ol', 'ul', 'menu', 'dir')
const DEFINITIONS = ids('dl')
/** What tells of the page wherever it stands, in its head or in a part that is left out. */
const TELLING = ids('a', 'area', 'base', 'frame', 'iframe', 'link', 'meta', 'script', 'time')
/** What counts by what it is when the main part is looked for. */
const COUNTING = ids('article', 'aside', 'footer', 'header', 'main')

const tree = new Tree()

/** Read a page, given as bytes in UTF-8. The tree is good until the next one is read. */
export function parse(bytes) {
  tree.reset(bytes)
  return new Parser(tree).run()
}

const OPEN = new Int32Array(MOST_IDS)
const BEYOND = new Int32Array(MOST_IDS)

class Parser {
  constructor(tree) {
    this.source = tree.source
    this.codes = tree.codes
    this.tree = tree
    this.numbering = new Numbering()
    /** The innermost element that is open; around it are its parents, and `depth` of all of them. */
    this.top = tree.add(ROOT, -1, 0, 0, 0)
    this.depth = 1
    this.open = OPEN.fill(0)
    this.beyond = BEYOND.fill(0)
  }

  run() {
    this.finish(this.read())
    return this.tree
  }

  /** Read the page up to its last tag; return where the text after that begins. */
  read() {
    const { source, codes } = this
    const { length } = source
    let text = 0
    let at = 0
    for (;;) {
      at = find(source, codes, LESS, at)
      if (at < 0 || at + 1 >= length) return text
      const code = codes[at + 1]
      const start = at
      if (isLetter(code)) {
        if (text < start) this.text(text, start)
        at = text = this.startTag(start)
      } else if (code === SLASH) {
        if (text < start) this.text(text, start)
        at = text = start + 2 < length && isLetter(codes[start + 2]) ? this.endTag(start) : after(source, '>', start + 2)
      } else if (code === EXCLAMATION || code === QUESTION) {
        if (text < start) this.text(text, start)
        at = text = source.startsWith('<!--', start) ? afterComment(source, start) : after(source, '>', start + 2)
      } else {
        this.tree.hasStraySigns = true
        at = start + 1
      }
    }
  }

  /** Take the text after the last tag, and close what is open. */
  finish(text) {
    const { length } = this.source
    if (text < length && this.codes[length - 1] === LESS) this.tree.hasStraySigns = true
    if (text < length) this.text(text, length)
    while (this.top >= 0) this.pop()
  }

  text(from, to) {
    if (!this.tree.gone[this.top]) this.tree.addText(this.top, from, to)
  }

  pop() {
    const { tree, top } = this
    tree.end[top] = tree.count
    this.open[tree.tag[top]]--
    this.top = tree.parent[top]
    this.depth--
  }

  /** Close an element and all that is open within it. */
  popUpTo(node) {
    while (this.top !== node) this.pop()
    this.pop()
  }

  startTag(start) {
    const { source, codes, tree } = this
    const { length } = source
    let at = start + 1
    while (at < length && codes[at] !== GREATER && codes[at] !== SLASH && !isSpace(codes[at])) at++
    const tag = this.numbering.at(tree, start + 1, at)
    const first = tree.attributes
    // What else is below a part that is left out needs no attributes.
    const isWanted = tag >= 0 && (TELLING[tag] === 1 || !tree.gone[this.top])
    for (;;) {
      while (at < length && (codes[at] === SLASH || isSpace(codes[at]))) at++
      if (at >= length) break
      if (codes[at] === GREATER) break
      // By far the most attributes are one of these two, written so.
      const usual = isAt(codes, at, CLASS_QUOTED) ? CLASS : isAt(codes, at, HREF_QUOTED) ? HREF : 0
      if (usual) {
        const from = at + (usual === CLASS ? CLASS_QUOTED.length : HREF_QUOTED.length)
        const to = find(source, codes, 34, from)
        at = (to < 0 ? length : to) + 1
        if (isWanted && at < length) tree.addAttribute(usual, from, to)
        continue
      }
      const name = at
      do at++
      while (at < length && codes[at] !== EQUALS && codes[at] !== GREATER && codes[at] !== SLASH && !isSpace(codes[at]))
      const nameEnd = at
      while (at < length && isSpace(codes[at])) at++
      let from = at
      let to = at
      if (at < length && codes[at] === EQUALS) {
        do at++
        while (at < length && isSpace(codes[at]))
        const quote = codes[at]
        if (at < length && (quote === 34 || quote === 39)) {
          from = ++at
          to = find(source, codes, quote, from)
          if (to < 0) to = length
          at = to + 1
        } else {
          from = at
          while (at < length && codes[at] !== GREATER && !isSpace(codes[at])) at++
          to = at
        }
      }
      if (!isWanted || at >= length) continue
      const wanted = wantedName(tree, name, nameEnd)
      if (wanted) tree.addAttribute(wanted, from, to)
    }
    if (at >= length || tag < 0) {
      tree.attributes = first
      return Math.min(at + 1, length)
    }
    // Only foreign elements can close themselves.
    const isEmpty = codes[at - 1] === SLASH && (this.open[SVG] > 0 || this.open[MATH] > 0)
    return this.element(tag, first, isEmpty, start, at + 1)
  }

  element(tag, first, isEmpty, start, at) {
    const properties = PROPERTIES[tag]
    if (tag === HTML || tag === BODY) {
      if (tag === HTML && !this.tree.lang) this.tree.lang = this.languageFrom(first)
      this.tree.attributes = first
      this.closeHead()
      return at
    }
    if (this.open[HEAD] && !(properties & OF_HEAD)) this.closeHead()
    if (properties & CLOSES || this.open[TABLE]) this.closeBefore(tag, properties)
    const { tree } = this
    const node = tree.add(tag, this.top, first, start, at)
    const marks = tree.attributes > first && !tree.gone[node] ? judge(tree, tag, first) : 0
    if (marks || COUNTING[tag]) tree.tell(node, marks)
    if (properties & NEVER || marks & HIDDEN) tree.gone[node] = 1
    if (properties & VOID || isEmpty) return at
    if (properties & RAW) {
      const end = endOfRaw(this.source, at, tag)
      if (tag === TITLE && !tree.title && (this.top === 0 || tree.tag[this.top] === HEAD)) tree.title = tree.slice(at, end)
      tree.end[node] = node + 1
      tree.closeFrom[node] = end
      return after(this.source, '>', end)
    }
    if (this.depth > DEEPEST) {
      this.beyond[tag]++
      return at
    }
    this.top = node
    this.depth++
    this.open[tag]++
    return tag === PRE && this.codes[at] === 10 ? at + 1 : at
  }

  /** Return the language that the attributes from a place on name; an empty text when they name none. */
  languageFrom(first) {
    const { tree } = this
    let found = ''
    for (let place = first; place < tree.attributes; place++) {
      const name = tree.attributeName[place]
      if (name === ATTRIBUTE.lang || (name === ATTRIBUTE['xml:lang'] && !found)) found = tree.value(place)
    }
    return found
  }

  closeHead() {
    if (this.open[HEAD]) this.close(HEAD)
  }

  /** Close what cannot go on where this element starts. */
  closeBefore(tag, properties) {
    const { open, tree } = this
    if (properties & CLOSES_P && open[P]) this.closeParagraph()
    if (properties & HEADING && PROPERTIES[tree.tag[this.top]] & HEADING) this.pop()
    if (tag === LI) {
      if (open[LI]) this.closeItem(LI, LI, LISTS)
    } else if (tag === DD || tag === DT) {
      if (open[DD] || open[DT]) this.closeItem(DD, DT, DEFINITIONS)
    } else if (tag === A) {
      if (open[A]) this.close(A)
    } else if (tag === OPTION) {
      if (open[OPTION]) this.close(OPTION)
    } else if (open[TABLE] && OF_TABLES[tag] && tag !== TABLE) {
      this.closeInTable(tag)
    }
  }

  closeParagraph() {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const tag = tree.tag[node]
      if (tag === P) return this.popUpTo(node)
      if (!(PROPERTIES[tag] & INLINE)) return undefined
    }
    return undefined
  }

  /** Close the item that is open, of one kind or the other, if it lies in the list in which the next one begins. */
  closeItem(one, other, lists) {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const tag = tree.tag[node]
      if (tag === one || tag === other) return this.popUpTo(node)
      // Only what may lie between an item and its list's next one is passed.
      if (lists[tag] || (!(PROPERTIES[tag] & INLINE) && tag !== P && tag !== DIV)) return undefined
    }
    return undefined
  }

  closeInTable(tag) {
    const { tree } = this
    let upTo = 0
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const other = tree.tag[node]
      if (other === TABLE) break
      const ends = CELLS[other] || other === CAPTION || other === COLGROUP
        || (other === TR && !CELLS[tag]) || (SECTIONS[other] && !CELLS[tag] && tag !== TR)
      if (ends) upTo = node
    }
    if (upTo) this.popUpTo(upTo)
  }

  endTag(start) {
    const { source, codes, tree, top } = this
    const { length } = source
    // By far the most end tags are that of the innermost element, written in small letters.
    const expected = tree.tag[top]
    if (expected < FIRST_FREE && isName(codes, start + 2, expected) && this.depth <= DEEPEST) {
      const end = start + 2 + NAMES[expected].length
      if (codes[end] === GREATER) {
        this.pop()
        tree.closeFrom[top] = start
        tree.closeTo[top] = end + 1
        return end + 1
      }
    }
    let at = start + 2
    while (at < length && codes[at] !== GREATER && codes[at] !== SLASH && !isSpace(codes[at])) at++
    const tag = this.numbering.at(tree, start + 2, at)
    if (tag === P && !this.open[P]) {
      // The standard makes an empty paragraph of it; what matters is that lines are apart.
      tree.add(ID.br, top, tree.attributes, 0, 0)
      return codes[at] === GREATER ? at + 1 : after(source, '>', at)
    }
    at = codes[at] === GREATER ? at + 1 : after(source, '>', at)
    const closed = tag < 0 ? -1 : this.close(tag)
    if (closed >= 0) {
      tree.closeFrom[closed] = start
      tree.closeTo[closed] = at
    }
    return at
  }

  /** Close an element and what is open within it; return it, or -1 when there is none to close. */
  close(tag) {
    const { tree } = this
    if (this.beyond[tag] && this.depth > DEEPEST) {
      this.beyond[tag]--
      return -1
    }
    if (!this.open[tag]) return -1
    const inline = PROPERTIES[tag] & INLINE
    const ofTable = OF_TABLES[tag]
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const other = tree.tag[node]
      if (other === tag) {
        this.popUpTo(node)
        return node
      }
      const properties = PROPERTIES[other]
      if (inline ? !(properties & INLINE) && other !== P : properties & SCOPE && !(ofTable && other !== TABLE)) {
        if (inline) this.endEarly(tag, node)
        return -1
      }
    }
    return -1
  }

  /** Formatting that starts outside of a block and ends inside of it counts for nothing. */
  endEarly(tag, block) {
    const { tree } = this
    for (let node = tree.parent[block]; node > 0; node = tree.parent[node]) {
      if (PROPERTIES[tree.tag[node]] & SCOPE) return
      if (tree.tag[node] === tag) {
        tree.tag[node] = ID.span
        this.open[tag]--
        this.open[ID.span]++
        return
      }
    }
  }
}

function wantedName(tree, from, to) {
  const { codes } = tree
  const length = to - from
  if (length > LONGEST_NAME || !(BEGINNINGS[length] & (1 << (codes[from] & 31)))) return 0
  if (length === 5 && isAt(codes, from, CLASS_CODES)) return CLASS
  if (length === 4 && isAt(codes, from, HREF_CODES)) return HREF
  if (length === 2 && isAt(codes, from, IDENTITY_CODES)) return IDENTITY
  const name = tree.slice(from, to)
  return ATTRIBUTE[name] ?? ATTRIBUTE[name.toLowerCase()] ?? 0
}

const CLASS_QUOTED = Buffer.from('class="')
const HREF_QUOTED = Buffer.from('href="')
const CLASS_CODES = Buffer.from('class')
const HREF_CODES = Buffer.from('href')
const IDENTITY_CODES = Buffer.from('id')

function isAt(codes, from, name) {
  for (let at = 0; at < name.length; at++) if (codes[from + at] !== name[at]) return false
  return true
}

const RAW_ENDS = new Map()

function endOfRaw(source, from, tag) {
  let pattern = RAW_ENDS.get(tag)
  if (pattern === undefined) {
    const name = NAMES[tag]
    pattern = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
    RAW_ENDS.set(tag, pattern)
  }
  pattern.lastIndex = from
  const found = pattern.exec(source)
  return found === null ? source.length : found.index
}

/** Return where a sign is next, or -1. Most are near, and are found sooner without a call. */
function find(source, codes, sign, from) {
  const near = Math.min(from + NEAR, source.length)
  for (let at = from; at < near; at++) if (codes[at] === sign) return at
  return source.indexOf(String.fromCharCode(sign), near)
}

function after(source, mark, from) {
  const at = source.indexOf(mark, from)
  return at < 0 ? source.length : at + mark.length
}

function afterComment(source, start) {
  if (source.startsWith('<!-->', start)) return start + 5
  if (source.startsWith('<!--->', start)) return start + 6
  return after(source, '-->', start + 4)
}

function isLetter(code) {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}

function isSpace(code) {
  return code === 32 || (code >= 9 && code <= 13 && code !== 11)
}
