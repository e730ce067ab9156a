// Measure the text of the parts of a page, and search in them. Lengths are in characters, without white space at the
// ends of texts.
import { ID } from './tags.mjs'
import { ATTRIBUTE, countBelow } from './tree.mjs'

// White space that is not a single space, which can stay as it is.
const WHITE_SPACE = /[^\S ]\s*| \s+/g
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi
const NAMED = new Map(Object.entries({
  amp: '&', apos: "'", bull: '•', copy: '©', gt: '>', hellip: '…', laquo: '«', lt: '<', mdash: '—', middot: '·',
  nbsp: '\u00a0', ndash: '–', para: '¶', quot: '"', raquo: '»', sect: '§',
}))

/** Minimum characters of a long paragraph outside of links. */
const LONG_PARAGRAPH = 80

/** Siblings that are passed on the way to the previous element. */
const MOST_PASSED = 1000

/** Nodes that rules may read below nested parts, for each node of the page. */
const MOST_READ = 20

/** Lengths of all parts of a page. */
export class Measure {
  constructor() {
    this.tree = null
    // The part that was measured last, and the tree's change counter at that time.
    this.top = -1
    this.changes = -1
    // Length of all text, and of link text, before each node.
    this.before = new Int32Array(0)
    this.linkedBefore = new Int32Array(0)
    // The long paragraphs of the page, and the tree's change counter when they were listed.
    this.long = []
    this.longChanges = -1
    // Nodes of nested parts that rules may still read.
    this.left = 0
  }

  /** Measure a node and its descendants, without the parts that are left out at this time. */
  take(tree, top = 0) {
    if (this.tree === tree && this.top === top && this.changes === tree.changes) return
    this.tree = tree
    this.top = top
    this.changes = tree.changes
    this.longChanges = -1
    if (top === 0) this.left = MOST_READ * tree.count
    const { count, gone, tag, size, end } = tree
    if (this.before.length <= count || this.before.length > 2 * tree.room) {
      this.before = new Int32Array(tree.room + 1)
      this.linkedBefore = new Int32Array(tree.room + 1)
    }
    const { before, linkedBefore } = this
    let length = 0
    let linked = 0
    let linkEnd = 0
    const last = end[top]
    for (let node = top; node < last; node++) {
      before[node] = length
      linkedBefore[node] = linked
      if (gone[node]) {
        // The lengths below this node are never used.
        node = end[node] - 1
        continue
      }
      if (tag[node] === 0) {
        length += size[node]
        if (node < linkEnd) linked += size[node]
      } else if (tag[node] === ID.a && end[node] > linkEnd && tree.has(node, ATTRIBUTE.href)) {
        linkEnd = end[node]
      }
    }
    before[last] = length
    linkedBefore[last] = linked
  }

  /**
   * Return whether a rule may read all nodes of a part. Rules that read each of many nested parts would need more time
   * than the page has elements.
   */
  mayRead(node) {
    this.left -= this.tree.end[node] - node
    return this.left >= 0
  }

  length(node) {
    return this.before[this.tree.end[node]] - this.before[node]
  }

  linked(node) {
    return this.linkedBefore[this.tree.end[node]] - this.linkedBefore[node]
  }

  /** Return the share of link text in the text, from 0 to 1; 1 if there is no text. */
  linkShare(node) {
    const whole = this.length(node)
    return whole ? this.linked(node) / whole : 1
  }

  prose(node) {
    return this.length(node) - this.linked(node)
  }

  /**
   * Return the paragraphs of a measured part that have at least 80 characters outside of links and are not left out.
   *
   * They are listed once, because a page may have hundreds of parts around the same hundred thousands of paragraphs.
   */
  longParagraphs(node) {
    const { tree } = this
    if (this.longChanges !== tree.changes) {
      this.longChanges = tree.changes
      this.long = tree.all(this.top, ID.p).filter((one) => this.prose(one) >= LONG_PARAGRAPH)
    }
    const { long } = this
    return long.slice(countBelow(long, long.length, node + 1), countBelow(long, long.length, tree.end[node]))
  }
}

/** Return the child elements of a node that are not left out. */
export function children(tree, top) {
  const found = []
  const end = tree.end[top]
  for (let node = top + 1; node < end; node = tree.end[node]) if (tree.tag[node] !== 0 && !tree.gone[node]) found.push(node)
  return found
}

/** Return the first child element of a node, or -1 if there is none or text precedes it. */
export function firstOf(tree, top) {
  const end = tree.end[top]
  for (let node = top + 1; node < end; node = tree.end[node]) {
    if (tree.gone[node]) continue
    if (tree.tag[node] !== 0) return node
    if (tree.size[node]) return -1
  }
  return -1
}

/** Return the next sibling element of a node, or -1. */
export function nextOf(tree, node) {
  const end = tree.end[tree.parent[node]]
  for (let next = tree.end[node]; next < end; next = tree.end[next]) if (tree.tag[next] !== 0 && !tree.gone[next]) return next
  return -1
}

/** Return the previous sibling element of a node, or -1 if there is none near it or text is between them. */
export function previousOf(tree, node) {
  const parent = tree.parent[node]
  let passed = 0
  for (let before = node - 1; before > parent && passed < MOST_PASSED; before--, passed++) {
    while (tree.parent[before] !== parent) before = tree.parent[before]
    if (tree.gone[before] || (tree.tag[before] === 0 && !tree.size[before])) continue
    return tree.tag[before] === 0 ? -1 : before
  }
  return -1
}

/** Return whether a node is the only content of its parent. */
export function isOnly(tree, node) {
  const parent = tree.parent[node]
  const isContent = (other) => tree.tag[other] !== 0 || tree.size[other] > 0
  // Outwards, because each of many siblings has another one beside it.
  for (let other = tree.end[node]; other < tree.end[parent]; other = tree.end[other]) if (isContent(other)) return false
  for (let other = node - 1; other > parent; other--) if (tree.parent[other] !== parent || isContent(other)) return false
  return true
}

/** Return whether a node has a descendant of one of some kinds. */
export function holds(tree, top, kinds) {
  const end = tree.end[top]
  for (let node = top + 1; node < end; node++) if (kinds[tree.tag[node]] && !tree.gone[node]) return true
  return false
}

/**
 * Answers whether parts have descendants of some kinds. All questions about one part together take as long as reading it
 * once, as long as nodes are only left out.
 */
export class Holdings {
  constructor(tree, kinds) {
    this.tree = tree
    this.kinds = kinds
    /** The first descendant of these kinds, by part. @type {Map<number, number>} */
    this.firsts = new Map()
  }

  isIn(top) {
    const { tree, kinds, firsts } = this
    const end = tree.end[top]
    let node = firsts.get(top) ?? top + 1
    while (node < end && (!kinds[tree.tag[node]] || tree.gone[node])) node++
    firsts.set(top, node)
    return node < end
  }
}

/** Return the text of a part, up to a number of characters, with references resolved and white space collapsed. */
export function textOf(tree, top, most = 1000) {
  return lineOf(sourceOf(tree, top, most))
}

/** Return text of a page with references resolved and white space collapsed. */
export function lineOf(source) {
  return resolved(source).trim().replace(WHITE_SPACE, ' ')
}

/** Bytes of a text node that are read where the beginning of a part is sufficient. */
const LONGEST_TEXT = 20_000

/** Return the unprocessed text of a part: text nodes, until they have a number of characters together. */
export function sourceOf(tree, top, most) {
  let text = ''
  const end = tree.end[top]
  for (let node = top; node < end && text.length <= most; node++) {
    if (tree.tag[node] !== 0 || tree.gone[node]) continue
    const [from, to] = [tree.from[node], tree.to[node]]
    text += to - from > LONGEST_TEXT ? tree.slice(from, from + LONGEST_TEXT) : tree.raw(node)
  }
  return text
}

/** Return text with its character references resolved. */
export function resolved(text) {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (reference, decimal, hexadecimal, name) => {
    if (name) return NAMED.get(name) ?? NAMED.get(name.toLowerCase()) ?? reference
    const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : reference
  })
}

/** Leave out nodes that are inside of another node of the list. */
export function outermost(tree, nodes) {
  let end = 0
  return nodes.filter((node) => {
    if (node < end) return false
    end = tree.end[node]
    return true
  })
}
