// A page as a flat tree: its nodes in the order of the source, each with where its last descendant ends.
import { isAscii } from 'node:buffer'
import { ids } from './tags.mjs'

/**
 * Node's bytes with the methods that decode a part without a copy.
 * @typedef {Buffer & { latin1Slice(): string, utf8Slice(from: number, to: number): string }} Bytes
 */

const TEXT = 0

const ATTRIBUTES = [
  'alt', 'alttext', 'aria-controls', 'aria-hidden', 'aria-label', 'aria-labelledby', 'checked', 'class',
  'colspan', 'content', 'data-actualsrc', 'data-cfemail', 'data-cfsrc', 'data-delayed-url', 'data-echo', 'data-ezsrc', 'data-full-src',
  'data-hi-res-src', 'data-lang', 'data-language', 'data-lazy', 'data-lazy-src', 'data-lazy-srcset', 'data-lazyload', 'data-litespeed-src',
  'data-original', 'data-original-src', 'data-orig-src', 'data-src', 'data-srcset', 'data-bs-target', 'data-target', 'datetime', 'display', 'height', 'hidden', 'href',
  'hreflang', 'http-equiv', 'id', 'itemprop', 'itemtype', 'lang', 'language', 'name', 'nitro-lazy-src', 'nitro-lazy-srcset', 'property', 'rel', 'role',
  'rowspan', 'shadowrootmode', 'src', 'srcset', 'start', 'style', 'target', 'title', 'type', 'width', 'xml:lang',
]
/** The numbers of the attributes that matter, by their names. */
export const ATTRIBUTE = Object.assign(Object.create(null), Object.fromEntries(ATTRIBUTES.map((name, at) => [name, at + 1])))

/** Elements that are listed by their kind, in the order of the source. */
const LISTED = ids(
  'a', 'area', 'article', 'base', 'button', 'dialog', 'footer', 'form', 'frame', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'iframe', 'img', 'link',
  'main', 'meta', 'nav', 'noscript', 'p', 'pre', 'script', 'table', 'th', 'time', 'tr',
)
const ITEMTYPE = ATTRIBUTE.itemtype
const NO_LIST = []
const ROOM = 1 << 14
/** Elements and texts that a tree can hold. */
const MOST_NODES = 1 << 20
/** Nodes for which room is kept from page to page. */
const ROOM_KEPT = 1 << 19
/** Bytes of a part of a page, and how many bits number them. */
const PART_BITS = 9
const PART = 1 << PART_BITS
/** Parts for which there is room at first, and for which it is kept. */
const PARTS = 1 << 9
const PARTS_KEPT = 1 << 13

/** A page has more elements and texts than a tree can hold. */
export class TooManyNodes extends Error {}

/** A page. There is one at a time: its arrays are used again for the next one. */
export class Tree {
  /** @param {number} [room] Nodes for which there is room at first. */
  constructor(room = ROOM) {
    /**
     * The page for searching alone, a character for each byte; what is to be read comes from `slice`. V8 handles such
     * strings faster than others, and decodes ASCII many times faster than what holds a single other character; most
     * parts of most pages are ASCII.
     */
    this.source = ''
    /** Whether the page holds anything but ASCII, and which of its parts do. */
    this.isBeyondAscii = false
    this.beyondAscii = new Uint8Array(PARTS)
    this.title = ''
    this.lang = ''
    /** How often something was left out, or another page was begun. */
    this.changes = 0
    this.count = 0
    this.toldOnes = 0
    this.says = 0
    /** What attributes say of the types that elements have by schema.org. */
    this.typed = []
    /** Labels of panels, by the nodes of the panels. */
    this.labels = new Map()
    /** Nodes that had to move because others were inserted before them. */
    this.moves = 0
    /** Its bytes, in which searching for what is near is faster than in a string. */
    this.codes = /** @type {Bytes} */ (Buffer.alloc(0))
    this.attributes = 0
    this.makeRoomForAttributes(room)
    this.lists = Array.from(LISTED, (isListed) => (isListed ? [] : NO_LIST))
    this.filled = this.lists.filter((list) => list !== NO_LIST)
    this.makeRoom(room)
  }

  makeRoom(room) {
    const old = this.room ? this : null
    const larger = (Kind, name) => {
      const array = new Kind(room + 1)
      if (old) array.set(old[name].subarray(0, Math.min(room, this.count) + 1))
      return array
    }
    /** Number of the element, zero for text. */
    this.tag = larger(Uint16Array, 'tag')
    this.parent = larger(Int32Array, 'parent')
    /** The index after the last descendant. */
    this.end = larger(Int32Array, 'end')
    /** The attributes of a node: the place of the first one, and that after the last one. */
    this.firstAttribute = larger(Int32Array, 'firstAttribute')
    this.endOfAttributes = larger(Int32Array, 'endOfAttributes')
    /** 1 for nodes that are left out. */
    this.gone = larger(Uint8Array, 'gone')
    /** What attributes say, as bits. */
    this.marks = larger(Int32Array, 'marks')
    /** The nodes of which something was told, in the order of the source. */
    this.told = larger(Int32Array, 'told')
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

  makeRoomForAttributes(room) {
    const larger = (Kind, old) => {
      const array = new Kind(room)
      if (old) array.set(old.subarray(0, Math.min(room, this.attributes)))
      return array
    }
    /** Which of the names that matter, and where its value starts and ends. */
    this.attributeName = larger(Uint8Array, this.attributeName)
    this.attributeFrom = larger(Int32Array, this.attributeFrom)
    this.attributeTo = larger(Int32Array, this.attributeTo)
  }

  /** Begin with another page, given as bytes in UTF-8. */
  reset(bytes) {
    this.changes++
    this.count = this.attributes = this.moves = 0
    if (this.room > ROOM_KEPT) this.makeRoom(ROOM)
    if (this.attributeName.length > ROOM_KEPT) this.makeRoomForAttributes(ROOM)
    this.codes = bytes
    this.source = bytes.latin1Slice()
    this.lookBeyondAscii(bytes)
    this.title = ''
    this.lang = ''
    this.toldOnes = 0
    /** What any of the attributes says, as bits. */
    this.says = 0
    this.typed.length = 0
    this.labels.clear()
    for (const list of this.filled) list.length = 0
  }

  /** Note which parts of the page hold anything but ASCII. */
  lookBeyondAscii(bytes) {
    const { length } = bytes
    const parts = (length + PART - 1) >> PART_BITS
    this.isBeyondAscii = !isAscii(bytes)
    if (!this.isBeyondAscii) return
    if (this.beyondAscii.length < parts || this.beyondAscii.length > PARTS_KEPT) this.beyondAscii = new Uint8Array(Math.max(parts, PARTS))
    for (let part = 0; part < parts; part++) {
      this.beyondAscii[part] = isAscii(bytes.subarray(part << PART_BITS, (part + 1) << PART_BITS)) ? 0 : 1
    }
  }

  /** Return a part of the page as its author wrote it. */
  slice(from, to) {
    if (this.isBeyondAscii) {
      for (let part = from >> PART_BITS; part << PART_BITS < to; part++) {
        if (this.beyondAscii[part]) return this.codes.utf8Slice(from, to)
      }
    }
    return this.source.slice(from, to)
  }

  /** Add a node; its attributes are those from `firstAttribute` on, its source or that of its start tag from `from` to `to`. */
  add(tag, parent, firstAttribute, from, to) {
    const node = this.count
    if (node === this.room) {
      if (node >= MOST_NODES) throw new TooManyNodes()
      this.makeRoom(node * 2)
    }
    this.count = node + 1
    this.tag[node] = tag
    this.parent[node] = parent
    this.end[node] = node + 1
    this.firstAttribute[node] = firstAttribute
    this.endOfAttributes[node] = this.attributes
    this.from[node] = from
    this.to[node] = to
    this.closeTo[node] = 0
    this.gone[node] = parent < 0 ? 0 : this.gone[parent]
    this.marks[node] = 0
    if (LISTED[tag]) this.lists[tag].push(node)
    return node
  }

  /**
   * Add a copy of an element, with its attributes, as the newest node; return it.
   *
   * Its attributes are those of the original, which is why their end is noted for each node.
   */
  addCopy(original, parent) {
    const node = this.add(this.tag[original], parent, this.firstAttribute[original], this.from[original], this.to[original])
    this.endOfAttributes[node] = this.endOfAttributes[original]
    this.marks[node] = this.marks[original]
    return node
  }

  /**
   * Insert a copy of an element before the node `at`; nodes from there on move by one. The caller adapts what it keeps.
   *
   * Takes time for each node behind it, so callers limit how often they do it.
   */
  insertCopy(original, parent, at) {
    const last = this.addCopy(original, parent)
    // The copy is the newest node; it moves to its place and the others behind it.
    for (const array of [this.tag, this.parent, this.end, this.firstAttribute, this.endOfAttributes, this.gone, this.marks,
      this.from, this.to, this.closeFrom, this.closeTo, this.size]) {
      const own = array[last]
      array.copyWithin(at + 1, at, last)
      array[at] = own
    }
    this.end[at] = at + 1
    for (let node = at + 1; node < this.count; node++) {
      if (this.parent[node] >= at) this.parent[node]++
      this.end[node]++
    }
    const tag = this.tag[at]
    for (const list of this.filled) {
      for (let place = list.length - 1; place >= 0 && list[place] >= at; place--) list[place]++
    }
    if (LISTED[tag]) {
      const list = this.lists[tag]
      list.pop()
      list.splice(countBelow(list, list.length, at), 0, at)
    }
    for (let place = this.toldOnes - 1; place >= 0 && this.told[place] >= at; place--) this.told[place]++
    return at
  }

  /** Note what the attributes of the newest node say, or that it counts by what it is. */
  tell(node, marks) {
    this.marks[node] = marks
    this.says |= marks
    this.told[this.toldOnes++] = node
  }

  addText(parent, from, to) {
    const node = this.add(TEXT, parent, this.attributes, from, to)
    const { codes } = this
    while (from < to && codes[from] <= 32) from++
    while (from < to && codes[to - 1] <= 32) to--
    this.size[node] = this.isBeyondAscii ? this.characters(from, to) : to - from
  }

  /** Return how many characters a part of the page has. */
  characters(from, to) {
    const { codes } = this
    let count = to - from
    for (let at = from; at < to; at++) if ((codes[at] & 0xC0) === 0x80) count--
    return count
  }

  addAttribute(name, from, to) {
    const place = this.attributes
    if (name === ITEMTYPE) this.typed.push(this.slice(from, to))
    if (place === this.attributeName.length) this.makeRoomForAttributes(place * 2)
    this.attributeName[place] = name
    this.attributeFrom[place] = from
    this.attributeTo[place] = to
    this.attributes = place + 1
  }

  hasAttributes(node) {
    return this.firstAttribute[node] < this.endOfAttributes[node]
  }

  /** Return where an attribute of a node lies among all attributes, or -1. */
  placeOf(node, name) {
    const end = this.endOfAttributes[node]
    for (let place = this.firstAttribute[node]; place < end; place++) if (this.attributeName[place] === name) return place
    return -1
  }

  has(node, name) {
    return this.placeOf(node, name) >= 0
  }

  /** Return an attribute as it was written, with its references; an empty text when there is none. */
  get(node, name) {
    const place = this.placeOf(node, name)
    return place < 0 ? '' : this.value(place)
  }

  value(place) {
    return this.slice(this.attributeFrom[place], this.attributeTo[place])
  }

  raw(node) {
    return this.slice(this.from[node], this.to[node])
  }

  /** Leave out a node and all below it. */
  leaveOut(node) {
    this.changes++
    const { gone } = this
    const end = this.end[node]
    for (let inner = node; inner < end; inner++) {
      // What is below a node that was left out is left out already.
      if (gone[inner]) inner = this.end[inner] - 1
      else gone[inner] = 1
    }
  }

  /** Return the nodes below this one that fit, of those of which something was told, and that are not left out. */
  toldBelow(top, fits) {
    const { told, gone } = this
    const found = []
    const end = this.end[top]
    for (let place = countBelow(told, this.toldOnes, top + 1); place < this.toldOnes && told[place] < end; place++) {
      if (!gone[told[place]] && fits(told[place])) found.push(told[place])
    }
    return found
  }

  /** Say whether a mark is on a node or on one below it that is not left out. */
  isToldWithin(top, mark) {
    const { told, marks, gone } = this
    const end = this.end[top]
    for (let place = countBelow(told, this.toldOnes, top); place < this.toldOnes && told[place] < end; place++) {
      if (marks[told[place]] & mark && !gone[told[place]]) return true
    }
    return false
  }

  /** Return the first node of a listed kind below this one that is not left out, or -1. */
  first(top, tag) {
    const list = this.lists[tag]
    const end = this.end[top]
    for (let place = countBelow(list, list.length, top + 1); place < list.length && list[place] < end; place++) {
      if (!this.gone[list[place]]) return list[place]
    }
    return -1
  }

  /** Return the nodes of a listed kind below this one that are not left out. */
  all(top, tag) {
    const list = this.lists[tag]
    const found = []
    const end = this.end[top]
    for (let place = countBelow(list, list.length, top + 1); place < list.length && list[place] < end; place++) {
      if (!this.gone[list[place]]) found.push(list[place])
    }
    return found
  }
}

/** Return how many of the first `length` sorted numbers are smaller. */
function countBelow(list, length, number) {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle] < number) low = middle + 1
    else high = middle
  }
  return low
}
