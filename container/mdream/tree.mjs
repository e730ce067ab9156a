// A page as a flat tree: its nodes in source order, each with the index after its last descendant.
import { isAscii } from 'node:buffer'
import { ids } from './tags.mjs'

/**
 * Node's bytes with the methods that decode a part without a copy.
 * @typedef {Buffer & { latin1Slice(): string, utf8Slice(from: number, to: number): string }} Bytes
 */

const TEXT = 0

const ATTRIBUTES = [
  'alt', 'alttext', 'aria-controls', 'aria-expanded', 'aria-hidden', 'aria-label', 'aria-labelledby', 'aria-level', 'aria-checked', 'checked', 'class',
  'colspan', 'content', 'data-actualsrc', 'data-cfemail', 'data-cfsrc', 'data-checked', 'data-code-lang', 'data-code-language', 'data-delayed-url', 'data-defer-src', 'data-echo', 'data-enlighter-language', 'data-ezsrc', 'data-flickity-lazyload', 'data-full-src',
  'data-hi-res-src', 'data-image', 'data-img-src', 'data-inline-task-id', 'data-lang', 'data-language', 'data-latex', 'data-math-style', 'data-lazy', 'data-lazy-src', 'data-lazy-srcset', 'data-lazyload', 'data-litespeed-src',
  'data-original', 'data-original-src', 'data-orig-src', 'data-src', 'data-srcset', 'data-syntaxhighlighter-params', 'commandfor', 'data-accordion-target', 'data-bs-target', 'data-collapse-toggle', 'data-definition', 'data-modal-target', 'data-open', 'data-tabs-target', 'data-target', 'data-toggle', 'data-videoid', 'data-widths', 'data', 'datetime', 'display', 'first', 'header', 'heading', 'height', 'hidden', 'href',
  'hreflang', 'http-equiv', 'id', 'itemprop', 'itemtype', 'label', 'lang', 'language', 'last', 'name', 'nitro-lazy-src', 'nitro-lazy-srcset', 'popovertarget', 'property', 'rel', 'reversed', 'role',
  'rowspan', 'shadowrootmode', 'slot', 'src', 'srcset', 'start', 'style', 'summary', 'syntax', 'target', 'title', 'type', 'value', 'videoid', 'width', 'xml:lang',
  'data-settings', 'method', 'onclick', 'x-collapse', '@click', '@click.prevent', 'x-on:click', 'x-on:click.prevent', 'x-show',
]
/** The numbers of the attributes that are read, by their names. */
export const ATTRIBUTE = Object.assign(Object.create(null), Object.fromEntries(ATTRIBUTES.map((name, at) => [name, at + 1])))

/** Elements that are listed by name, in source order. */
export const LISTED = ids(
  'a', 'area', 'article', 'base', 'button', 'dialog', 'footer', 'form', 'frame', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'iframe', 'img', 'label', 'link',
  'main', 'meta', 'nav', 'noscript', 'p', 'pre', 'script', 'table', 'th', 'time', 'tr',
)
const ITEMTYPE = ATTRIBUTE.itemtype
/** Attributes that contain keywords. Some rules read those of a part for each of its children. */
const WITH_KEYWORDS = new Uint8Array(ATTRIBUTES.length + 1)
for (const name of [
  'aria-checked', 'aria-expanded', 'aria-hidden', 'aria-level', 'class', 'data-checked', 'data-code-lang', 'data-code-language', 'data-enlighter-language',
  'data-lang', 'data-language', 'display', 'hidden', 'itemprop', 'lang', 'language', 'rel', 'role', 'syntax', 'type', 'xml:lang',
]) WITH_KEYWORDS[ATTRIBUTE[name]] = 1
/** Bytes of such an attribute that are read. */
const LONGEST_KEYWORDS = 2000
const NO_LIST = []
const ROOM = 1 << 14
/** Maximum number of elements and texts in a tree. */
const MOST_NODES = 1 << 20
/** Maximum number of nodes for which memory is kept between pages. */
const ROOM_KEPT = 1 << 19
/** Number of bits of a byte's index in a part of a page, and bytes of a part. */
const PART_BITS = 9
const PART = 1 << PART_BITS
/** Number of parts for which memory is allocated at first and kept between pages. */
const PARTS = 1 << 9
const PARTS_KEPT = 1 << 13

/** A page has more elements and texts than fit into a tree. */
export class TooManyNodes extends Error {}

/** A page. Only one exists at a time, because the next page uses the same arrays. */
export class Tree {
  /** @param {number} [room] Number of nodes for which memory is allocated at first. */
  constructor(room = ROOM) {
    /**
     * The page as a string with one character for each byte, used only for searching; use `slice` to read text. V8
     * handles such strings faster than others, and decodes pure ASCII many times faster than other text. Most parts
     * of most pages are ASCII.
     */
    this.source = ''
    /** Whether the page contains other characters than ASCII, and which of its parts do. */
    this.isBeyondAscii = false
    this.beyondAscii = new Uint8Array(PARTS)
    this.title = ''
    this.lang = ''
    /** Incremented when a part is left out and when a new page starts. */
    this.changes = 0
    this.count = 0
    this.toldOnes = 0
    this.says = 0
    /** The schema.org types of elements, as their attributes state them. */
    this.typed = []
    /** Labels of panels, by panel node. */
    this.labels = new Map()
    /** Addresses of embedded pages, by the node of their `iframe`. */
    this.embedded = new Map()
    /** Number of nodes that were moved by insertions. */
    this.moves = 0
    /** The bytes of the page. Comparing nearby bytes is faster here than in a string. */
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
    /** Number of the element; 0 for text. */
    this.tag = larger(Uint16Array, 'tag')
    this.parent = larger(Int32Array, 'parent')
    /** The index after the last descendant. */
    this.end = larger(Int32Array, 'end')
    /** The attributes of a node: the index of the first, and the index after the last. */
    this.firstAttribute = larger(Int32Array, 'firstAttribute')
    this.endOfAttributes = larger(Int32Array, 'endOfAttributes')
    /** 1 if a node is left out. */
    this.gone = larger(Uint8Array, 'gone')
    /** The marks of a node, as bits. */
    this.marks = larger(Int32Array, 'marks')
    /** The nodes with marks, in source order. */
    this.told = larger(Int32Array, 'told')
    /** Start and end, in the source, of a text or of the start tag of an element. */
    this.from = larger(Int32Array, 'from')
    this.to = larger(Int32Array, 'to')
    /** Start and end of the end tag of an element; both are 0 if it is missing. */
    this.closeFrom = larger(Int32Array, 'closeFrom')
    this.closeTo = larger(Int32Array, 'closeTo')
    /** Characters of a text, without white space at its ends. */
    this.size = larger(Int32Array, 'size')
    this.room = room
  }

  makeRoomForAttributes(room) {
    const larger = (Kind, old) => {
      const array = new Kind(room)
      if (old) array.set(old.subarray(0, Math.min(room, this.attributes)))
      return array
    }
    /** The number of an attribute, and the start and end of its value. */
    this.attributeName = larger(Uint8Array, this.attributeName)
    this.attributeFrom = larger(Int32Array, this.attributeFrom)
    this.attributeTo = larger(Int32Array, this.attributeTo)
  }

  /** Start a new page, given as bytes in UTF-8. */
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
    /** The marks of all nodes together, as bits. */
    this.says = 0
    this.typed.length = 0
    this.labels.clear()
    this.embedded.clear()
    for (const list of this.filled) list.length = 0
  }

  /** Determine which parts of the page contain other characters than ASCII. */
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

  /** Return a part of the source of the page. */
  slice(from, to) {
    if (this.isBeyondAscii) {
      for (let part = from >> PART_BITS; part << PART_BITS < to; part++) {
        if (this.beyondAscii[part]) return this.codes.utf8Slice(from, to)
      }
    }
    return this.source.slice(from, to)
  }

  /**
   * Add a node. Its attributes are those from `firstAttribute` on; its text or start tag is from `from` to `to` in the
   * source.
   */
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
    this.closeFrom[node] = this.closeTo[node] = 0
    this.gone[node] = parent < 0 ? 0 : this.gone[parent]
    this.marks[node] = 0
    if (LISTED[tag]) this.lists[tag].push(node)
    return node
  }

  /** Add a copy of an element, with its attributes, as the newest node, and return the copy.
   *
   * The copy shares the attributes of the original, so each node stores the end of its attributes.
   */
  addCopy(original, parent) {
    const node = this.add(this.tag[original], parent, this.firstAttribute[original], this.from[original], this.to[original])
    this.endOfAttributes[node] = this.endOfAttributes[original]
    this.marks[node] = this.marks[original]
    return node
  }

  /**
   * Insert a copy of an element before the node `at`; later nodes move by one. The caller must adapt the indexes
   * that it stores.
   *
   * The time is proportional to the number of later nodes, so callers limit the number of insertions.
   */
  insertCopy(original, parent, at) {
    const last = this.addCopy(original, parent)
    // The copy is added as the newest node and then moved to its place.
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

  /** Store the marks of the newest node, or that its element name alone is relevant. */
  tell(node, marks) {
    this.marks[node] = marks
    this.says |= marks
    this.told[this.toldOnes++] = node
  }

  /** Give an element the name of another one. */
  rename(node, tag) {
    if (LISTED[this.tag[node]]) this.lists[this.tag[node]].splice(countBelow(this.lists[this.tag[node]], this.lists[this.tag[node]].length, node), 1)
    this.tag[node] = tag
    if (LISTED[tag]) this.lists[tag].splice(countBelow(this.lists[tag], this.lists[tag].length, node), 0, node)
    this.changes++
  }

  addText(parent, from, to) {
    const node = this.add(TEXT, parent, this.attributes, from, to)
    const { codes } = this
    while (from < to && codes[from] <= 32) from++
    while (from < to && codes[to - 1] <= 32) to--
    this.size[node] = this.isBeyondAscii ? this.characters(from, to) : to - from
  }

  /** Return the number of characters in a part of the page. */
  characters(from, to) {
    const { codes } = this
    let count = to - from
    for (let at = from; at < to; at++) if ((codes[at] & 0xC0) === 0x80) count--
    return count
  }

  addAttribute(name, from, to) {
    const place = this.attributes
    if (name === ITEMTYPE) this.typed.push(this.slice(from, to))
    if (WITH_KEYWORDS[name]) to = Math.min(to, from + LONGEST_KEYWORDS)
    if (place === this.attributeName.length) this.makeRoomForAttributes(place * 2)
    this.attributeName[place] = name
    this.attributeFrom[place] = from
    this.attributeTo[place] = to
    this.attributes = place + 1
  }

  hasAttributes(node) {
    return this.firstAttribute[node] < this.endOfAttributes[node]
  }

  /** Return the index of an attribute of a node among all attributes, or -1. */
  placeOf(node, name) {
    const end = this.endOfAttributes[node]
    for (let place = this.firstAttribute[node]; place < end; place++) if (this.attributeName[place] === name) return place
    return -1
  }

  has(node, name) {
    return this.placeOf(node, name) >= 0
  }

  /** Return the raw value of an attribute, with its references, or an empty string. */
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

  /** Leave out a node and its descendants. */
  leaveOut(node) {
    this.changes++
    const { gone } = this
    const end = this.end[node]
    for (let inner = node; inner < end; inner++) {
      // The descendants of a node that is left out are already left out.
      if (gone[inner]) inner = this.end[inner] - 1
      else gone[inner] = 1
    }
  }

  /** Return the descendants with marks for which `fits` is true and that are not left out. */
  toldBelow(top, fits) {
    const { told, gone } = this
    const found = []
    const end = this.end[top]
    for (let place = countBelow(told, this.toldOnes, top + 1); place < this.toldOnes && told[place] < end; place++) {
      if (!gone[told[place]] && fits(told[place])) found.push(told[place])
    }
    return found
  }

  /** Return whether a node, or a descendant that is not left out, has a mark. */
  isToldWithin(top, mark) {
    const { told, marks, gone } = this
    const end = this.end[top]
    for (let place = countBelow(told, this.toldOnes, top); place < this.toldOnes && told[place] < end; place++) {
      if (marks[told[place]] & mark && !gone[told[place]]) return true
    }
    return false
  }

  /** Return the first descendant with a listed name that is not left out, or -1. */
  first(top, tag) {
    const list = this.lists[tag]
    const end = this.end[top]
    for (let place = countBelow(list, list.length, top + 1); place < list.length && list[place] < end; place++) {
      if (!this.gone[list[place]]) return list[place]
    }
    return -1
  }

  /** Return the descendants with a listed name that are not left out. */
  all(top, tag) {
    const list = this.lists[tag]
    const found = []
    const end = this.end[top]
    for (let place = countBelow(list, list.length, top + 1); place < list.length && list[place] < end; place++) {
      if (!this.gone[list[place]]) found.push(list[place])
    }
    return found
  }

  /** Return the number of the descendants with a listed name that are not left out. */
  countOf(top, tag) {
    const list = this.lists[tag]
    const end = this.end[top]
    let count = 0
    for (let place = countBelow(list, list.length, top + 1); place < list.length && list[place] < end; place++) {
      if (!this.gone[list[place]]) count++
    }
    return count
  }
}

/** Return the number of the first `length` sorted numbers that are smaller than `number`. */
export function countBelow(list, length, number) {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle] < number) low = middle + 1
    else high = middle
  }
  return low
}
