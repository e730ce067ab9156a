// A page as a flat tree: its nodes in the order of the source, each with where its last descendant ends.
//
// End tags that authors leave out are written in by the rules of the HTML standard for p, li, dt, dd, tables
// and headings. What the standard does with formatting that crosses blocks is simplified: it ends at the block.
import {
  CLOSES_P, HEADING, ID, INLINE, MOST_IDS, NAMES, NEVER, OF_HEAD, PROPERTIES, RAW, SCOPE, VOID, Numbering, ids,
} from './tags.mjs'

/** Elements nested deeper than this become siblings, as in browsers. */
const DEEPEST = 512

const TEXT = 0
const ROOT = 1
const WANTED = new Map()
for (const name of [
  'align', 'alt', 'aria-hidden', 'aria-label', 'class', 'colspan', 'data-lang', 'data-language', 'data-lazy-src',
  'data-original', 'data-src', 'hidden', 'href', 'id', 'itemprop', 'lang', 'language', 'role', 'rowspan', 'src',
  'start', 'style', 'title',
]) WANTED.set(name, name)
const LONGEST_NAME = 13
// For each length of a name, the letters that one of them begins with, as bits.
const BEGINNINGS = new Int32Array(LONGEST_NAME + 1)
for (const name of WANTED.keys()) BEGINNINGS[name.length] |= 1 << (name.charCodeAt(0) & 31)

const { a: A, body: BODY, caption: CAPTION, colgroup: COLGROUP, dd: DD, div: DIV, dt: DT, form: FORM, head: HEAD,
  html: HTML, li: LI, math: MATH, option: OPTION, p: P, pre: PRE, svg: SVG, table: TABLE, title: TITLE, tr: TR } = ID
const CELLS = ids('td', 'th')
const SECTIONS = ids('tbody', 'tfoot', 'thead')
const OF_TABLES = ids('caption', 'colgroup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr')
const LISTS = ids('ol', 'ul', 'menu', 'dir')
const DEFINITIONS = ids('dl')
const HIDDEN_STYLE = /display\s*:\s*none/i

/** Elements that are listed by their kind, in the order of the source. */
const LISTED = ids('a', 'article', 'footer', 'form', 'h1', 'main', 'pre', 'table', 'th', 'tr')
const ROOM = 1 << 14
/** Nodes for which room is kept from page to page. */
const ROOM_KEPT = 1 << 19

/** A page. There is one at a time: its arrays are used again for the next one. */
export class Tree {
  constructor() {
    this.source = ''
    this.title = ''
    this.hasStraySigns = false
    this.count = 0
    /** Attributes that matter, as name, value, name, value; null for texts and for most elements. */
    this.attributes = []
    this.lists = Array.from({ length: MOST_IDS }, () => [])
    this.makeRoom(ROOM)
  }

  makeRoom(room) {
    const old = this.room ? this : null
    const larger = (Kind, name) => {
      const array = new Kind(room)
      if (old) array.set(old[name].subarray(0, Math.min(room, this.count)))
      return array
    }
    /** Number of the element, zero for text. */
    this.tag = larger(Uint16Array, 'tag')
    this.parent = larger(Int32Array, 'parent')
    /** The index after the last descendant. */
    this.end = larger(Int32Array, 'end')
    /** 1 for nodes that are left out. */
    this.gone = larger(Uint8Array, 'gone')
    /** Where a text, or the start tag of an element, starts and ends in the source. */
    this.from = larger(Int32Array, 'from')
    this.to = larger(Int32Array, 'to')
    /** Where the end tag of an element starts and ends; both zero when the author left it out. */
    this.closeFrom = larger(Int32Array, 'closeFrom')
    this.closeTo = larger(Int32Array, 'closeTo')
    /** Characters of a text, without the white space at its ends. */
    this.size = larger(Int32Array, 'size')
    this.room = room
  }

  reset(source) {
    if (this.room > ROOM_KEPT) {
      this.count = 0
      this.makeRoom(ROOM)
      this.attributes = []
    }
    this.source = source
    this.title = ''
    /** Whether a text holds a sign that begins a tag elsewhere. */
    this.hasStraySigns = false
    this.count = 0
    for (const list of this.lists) if (list.length) list.length = 0
  }

  add(tag, parent, attributes) {
    const node = this.count
    if (node === this.room) this.makeRoom(node * 2)
    this.count = node + 1
    this.tag[node] = tag
    this.parent[node] = parent
    this.end[node] = node + 1
    this.attributes[node] = attributes
    this.from[node] = this.to[node] = this.closeFrom[node] = this.closeTo[node] = 0
    this.gone[node] = parent < 0 ? 0 : this.gone[parent]
    if (LISTED[tag]) this.lists[tag].push(node)
    return node
  }

  addText(parent, from, to) {
    const node = this.add(TEXT, parent, null)
    this.from[node] = from
    this.to[node] = to
    const { source } = this
    while (from < to && source.charCodeAt(from) <= 32) from++
    while (from < to && source.charCodeAt(to - 1) <= 32) to--
    this.size[node] = to - from
  }

  /** Return an attribute as it was written, with its references, or undefined. */
  get(node, name) {
    const attributes = this.attributes[node]
    if (attributes === null) return undefined
    for (let at = 0; at < attributes.length; at += 2) if (attributes[at] === name) return attributes[at + 1]
    return undefined
  }

  raw(node) {
    return this.source.slice(this.from[node], this.to[node])
  }

  /** Leave out a node and all below it. */
  leaveOut(node) {
    const { gone } = this
    const end = this.end[node]
    for (let inner = node; inner < end; inner++) {
      // What is below a node that was left out is left out already.
      if (gone[inner]) inner = this.end[inner] - 1
      else gone[inner] = 1
    }
  }

  /** Return the first node of a listed kind below this one that is not left out, or -1. */
  first(top, tag) {
    const list = this.lists[tag]
    const end = this.end[top]
    for (let place = placeOf(list, top + 1); place < list.length && list[place] < end; place++) {
      if (!this.gone[list[place]]) return list[place]
    }
    return -1
  }

  /** Return the nodes of a listed kind below this one that are not left out. */
  all(top, tag) {
    const list = this.lists[tag]
    return list.slice(placeOf(list, top + 1), placeOf(list, this.end[top])).filter((node) => !this.gone[node])
  }
}

/** Return how many of the sorted numbers are smaller. */
function placeOf(list, number) {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle] < number) low = middle + 1
    else high = middle
  }
  return low
}

const tree = new Tree()

/** Read a page. The tree is good until the next one is read. */
export function parse(source) {
  tree.reset(source)
  return new Parser(source, tree).run()
}

class Parser {
  constructor(source, tree) {
    this.source = source
    this.tree = tree
    this.numbering = new Numbering()
    this.stack = [tree.add(ROOT, -1, null)]
    this.open = new Int32Array(MOST_IDS)
    this.beyond = new Int32Array(MOST_IDS)
  }

  run() {
    const { source } = this
    const length = source.length
    let text = 0
    let at = 0
    while (at < length) {
      const start = source.indexOf('<', at)
      if (start < 0) break
      const code = source.charCodeAt(start + 1)
      if (isLetter(code)) {
        this.text(text, start)
        at = text = this.startTag(start)
      } else if (code === 47) {
        if (isLetter(source.charCodeAt(start + 2))) {
          this.text(text, start)
          at = text = this.endTag(start)
        } else {
          this.text(text, start)
          at = text = after(source, '>', start + 2)
        }
      } else if (code === 33 || code === 63) {
        this.text(text, start)
        at = text = source.startsWith('<!--', start) ? afterComment(source, start) : after(source, '>', start + 2)
      } else {
        this.tree.hasStraySigns = true
        at = start + 1
      }
    }
    this.text(text, length)
    while (this.stack.length) this.pop()
    return this.tree
  }

  text(from, to) {
    if (from >= to) return
    const parent = this.stack[this.stack.length - 1]
    if (!this.tree.gone[parent]) this.tree.addText(parent, from, to)
  }

  pop() {
    const node = this.stack.pop()
    this.tree.end[node] = this.tree.count
    this.open[this.tree.tag[node]]--
  }

  /** Close everything from a place of the stack on. */
  popTo(place) {
    while (this.stack.length > place) this.pop()
  }

  startTag(start) {
    const { source } = this
    const length = source.length
    let at = start + 1
    let code = source.charCodeAt(at)
    while (at < length && code !== 62 && code !== 47 && !isSpace(code)) code = source.charCodeAt(++at)
    const tag = this.numbering.at(source, start + 1, at)
    let attributes = null
    const isWanted = !this.tree.gone[this.stack[this.stack.length - 1]]
    for (;;) {
      while (at < length && (code === 47 || isSpace(code))) code = source.charCodeAt(++at)
      if (at >= length) return length
      if (code === 62) break
      const name = at
      do code = source.charCodeAt(++at)
      while (at < length && code !== 61 && code !== 62 && code !== 47 && !isSpace(code))
      const nameEnd = at
      while (at < length && isSpace(code)) code = source.charCodeAt(++at)
      let from = at
      let to = at
      if (code === 61) {
        do code = source.charCodeAt(++at)
        while (at < length && isSpace(code))
        if (code === 34 || code === 39) {
          from = at + 1
          to = source.indexOf(code === 34 ? '"' : "'", from)
          if (to < 0) return length
          at = to + 1
          code = source.charCodeAt(at)
        } else {
          from = at
          while (at < length && code !== 62 && !isSpace(code)) code = source.charCodeAt(++at)
          to = at
        }
      }
      const wanted = isWanted ? wantedName(source, name, nameEnd) : undefined
      if (wanted === undefined) continue
      const value = source.slice(from, to)
      if (attributes === null) attributes = [wanted, value]
      else attributes.push(wanted, value)
    }
    if (tag < 0) return at + 1
    // Only foreign elements can close themselves.
    const isEmpty = source.charCodeAt(at - 1) === 47 && (this.open[SVG] > 0 || this.open[MATH] > 0)
    return this.element(tag, attributes, isEmpty, start, at + 1)
  }

  element(tag, attributes, isEmpty, start, at) {
    const properties = PROPERTIES[tag]
    if (tag === HTML || tag === BODY) {
      this.closeHead()
      return at
    }
    if (this.open[HEAD] && !(properties & OF_HEAD)) this.closeHead()
    this.closeBefore(tag, properties)
    const { stack, tree } = this
    const node = tree.add(tag, stack[stack.length - 1], attributes)
    tree.from[node] = start
    tree.to[node] = at
    if (properties & NEVER || (attributes !== null && isHidden(tree, node, tag))) tree.gone[node] = 1
    if (properties & VOID || isEmpty) return at
    if (properties & RAW) {
      const end = endOfRaw(this.source, at, tag)
      if (tag === TITLE && !tree.title && (tree.tag[stack.at(-1)] === HEAD || stack.length === 1)) tree.title = this.source.slice(at, end)
      tree.end[node] = node + 1
      return after(this.source, '>', end)
    }
    if (stack.length > DEEPEST) {
      this.beyond[tag]++
      return at
    }
    stack.push(node)
    this.open[tag]++
    return tag === PRE && this.source.charCodeAt(at) === 10 ? at + 1 : at
  }

  closeHead() {
    if (this.open[HEAD]) this.close(HEAD)
  }

  /** Close what cannot go on where this element starts. */
  closeBefore(tag, properties) {
    const { open, stack, tree } = this
    if (properties & CLOSES_P && open[P]) this.closeParagraph()
    if (properties & HEADING && PROPERTIES[tree.tag[stack[stack.length - 1]]] & HEADING) this.pop()
    if (tag === LI) {
      if (open[LI]) this.closeItem((other) => other === LI, LISTS)
    } else if (tag === DD || tag === DT) {
      if (open[DD] || open[DT]) this.closeItem((other) => other === DD || other === DT, DEFINITIONS)
    } else if (tag === A) {
      if (open[A]) this.close(A)
    } else if (tag === OPTION) {
      if (open[OPTION]) this.close(OPTION)
    } else if (open[TABLE] && OF_TABLES[tag] && tag !== TABLE) {
      this.closeInTable(tag)
    }
  }

  closeParagraph() {
    const { stack, tree } = this
    for (let place = stack.length - 1; place > 0; place--) {
      const tag = tree.tag[stack[place]]
      if (tag === P) return this.popTo(place)
      if (!(PROPERTIES[tag] & INLINE)) return undefined
    }
    return undefined
  }

  closeItem(matches, lists) {
    const { stack, tree } = this
    for (let place = stack.length - 1; place > 0; place--) {
      const tag = tree.tag[stack[place]]
      if (matches(tag)) return this.popTo(place)
      // Only what may lie between an item and its list's next one is passed.
      if (lists[tag] || (!(PROPERTIES[tag] & INLINE) && tag !== P && tag !== DIV)) return undefined
    }
    return undefined
  }

  closeInTable(tag) {
    const { stack, tree } = this
    let upTo = 0
    for (let place = stack.length - 1; place > 0; place--) {
      const other = tree.tag[stack[place]]
      if (other === TABLE) break
      const ends = CELLS[other] || other === CAPTION || other === COLGROUP
        || (other === TR && !CELLS[tag]) || (SECTIONS[other] && !CELLS[tag] && tag !== TR)
      if (ends) upTo = place
    }
    if (upTo) this.popTo(upTo)
  }

  endTag(start) {
    const { source } = this
    const length = source.length
    let at = start + 2
    let code = source.charCodeAt(at)
    while (at < length && code !== 62 && code !== 47 && !isSpace(code)) code = source.charCodeAt(++at)
    const tag = this.numbering.at(source, start + 2, at)
    if (tag === P && !this.open[P]) {
      // The standard makes an empty paragraph of it; what matters is that lines are apart.
      this.tree.add(ID.br, this.stack[this.stack.length - 1], null)
      return code === 62 ? at + 1 : after(source, '>', at)
    }
    at = code === 62 ? at + 1 : after(source, '>', at)
    const closed = tag < 0 ? -1 : this.close(tag)
    if (closed >= 0) {
      this.tree.closeFrom[closed] = start
      this.tree.closeTo[closed] = at
    }
    return at
  }

  /** Close an element and what is open within it; return it, or -1 when there is none to close. */
  close(tag) {
    const { stack, tree } = this
    if (this.beyond[tag] && stack.length > DEEPEST) {
      this.beyond[tag]--
      return -1
    }
    if (!this.open[tag]) return -1
    const inline = PROPERTIES[tag] & INLINE
    const ofTable = OF_TABLES[tag]
    for (let place = stack.length - 1; place > 0; place--) {
      const node = stack[place]
      const other = tree.tag[node]
      if (other === tag) {
        this.popTo(place)
        return node
      }
      const properties = PROPERTIES[other]
      if (inline ? !(properties & INLINE) && other !== P : properties & SCOPE && !(ofTable && other !== TABLE)) {
        if (inline) this.endEarly(tag, place)
        return -1
      }
    }
    return -1
  }

  /** Formatting that starts outside of a block and ends inside of it counts for nothing. */
  endEarly(tag, from) {
    const { stack, tree } = this
    for (let place = from - 1; place > 0; place--) {
      const node = stack[place]
      if (PROPERTIES[tree.tag[node]] & SCOPE) return
      if (tree.tag[node] === tag) {
        tree.attributes[node] = null
        tree.tag[node] = ID.span
        this.open[tag]--
        this.open[ID.span]++
        return
      }
    }
  }
}

function isHidden(tree, node, tag) {
  const attributes = tree.attributes[node]
  for (let at = 0; at < attributes.length; at += 2) {
    const value = attributes[at + 1]
    switch (attributes[at]) {
      case 'hidden':
        return true
      case 'aria-hidden':
        if (value.toLowerCase() === 'true') return true
        break
      case 'aria-label':
        if (value.toLowerCase() === 'breadcrumbs') return true
        break
      case 'role':
        if (tag === FORM && value.toLowerCase() === 'search') return true
        break
      case 'style':
        if (HIDDEN_STYLE.test(value)) return true
        break
      default:
    }
  }
  return false
}

function wantedName(source, from, to) {
  const length = to - from
  if (length === 5 && source.startsWith('class', from)) return 'class'
  if (length === 4 && source.startsWith('href', from)) return 'href'
  if (length === 2 && source.startsWith('id', from)) return 'id'
  if (length > LONGEST_NAME || !(BEGINNINGS[length] & (1 << (source.charCodeAt(from) & 31)))) return undefined
  const name = source.slice(from, to)
  return WANTED.get(name) ?? WANTED.get(name.toLowerCase())
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
