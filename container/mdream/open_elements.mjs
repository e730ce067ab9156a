// The stack of open elements, and the formatting elements that are opened again.
import { MOST_IDS, ids } from './tags.mjs'

/** Depth from which nested elements become siblings, as in browsers. */
export const DEEPEST = 512
/** Maximum number of formatting elements to open again; the oldest are dropped. */
const MOST_WAITING = 32
/** Maximum number of copies of formatting elements in one page. The limit keeps the time linear. */
const MOST_COPIES = 10_000
/** Entry of the list of formatting elements before which nothing is opened again. */
export const MARKER = -1

/** Elements inside which the list of formatting elements starts anew. */
export const MARKED = ids('applet', 'caption', 'marquee', 'object', 'td', 'template', 'th')
const ROOT = 1

const OPEN = new Int32Array(MOST_IDS)
const BEYOND = new Int32Array(MOST_IDS)

/** The stack of open elements is the chain of parents of `top`. */
export class OpenElements {
  /** @param {import('./tree.mjs').Tree} tree An empty tree with the source of a page. */
  constructor(tree) {
    this.tree = tree
    /** The innermost open element. */
    this.top = tree.add(ROOT, -1, 0, 0, 0)
    /** Number of open elements. */
    this.depth = 1
    /** Number of open elements of each kind. */
    this.open = OPEN.fill(0)
    /** Number of start tags of each kind beyond the greatest depth; their end tags close nothing. */
    this.beyond = BEYOND.fill(0)
    /** The standard's list of active formatting elements. */
    this.formatting = []
    this.copies = 0
  }

  /** Return whether a part of the source contains anything but white space. */
  isText(from, to) {
    const { codes } = this.tree
    while (from < to && codes[from] <= 32) from++
    return from < to
  }

  pop() {
    const { tree, top } = this
    const tag = tree.tag[top]
    tree.end[top] = tree.count
    this.open[tag]--
    this.top = tree.parent[top]
    this.depth--
    if (MARKED[tag]) this.forgetFormatting()
  }

  /** Close the innermost element; return whether its end tag has no further effect. */
  closeTop(isFormatting) {
    const { formatting } = this
    if (isFormatting) {
      if (formatting[formatting.length - 1] !== this.top) return false
      formatting.pop()
    }
    this.pop()
    return true
  }

  /** Close an element and all open elements inside it. */
  popUpTo(node) {
    while (this.top !== node) this.pop()
    this.pop()
  }

  push(node) {
    this.top = node
    this.depth++
    this.open[this.tree.tag[node]]++
  }

  /** Return whether an element is open. */
  isOpen(node) {
    if (!this.open[this.tree.tag[node]]) return false
    for (let above = this.top; above >= node; above = this.tree.parent[above]) if (above === node) return true
    return false
  }

  /** Remember a formatting element, so that it is opened again in the blocks after the one that closes it. */
  remember(node) {
    const { formatting } = this
    let alike = 0
    let oldest = -1
    let place = formatting.length - 1
    for (; place >= 0 && formatting[place] !== MARKER; place--) {
      if (!this.isAlike(formatting[place], node)) continue
      alike++
      oldest = place
    }
    // The standard keeps at most three equal elements; the total limit bounds the time for different ones.
    if (alike >= 3) formatting.splice(oldest, 1)
    else if (formatting.length - place > MOST_WAITING) formatting.splice(place + 1, 1)
    formatting.push(node)
  }

  isAlike(one, other) {
    const { tree } = this
    if (tree.tag[one] !== tree.tag[other]) return false
    const length = tree.to[one] - tree.from[one]
    if (length !== tree.to[other] - tree.from[other]) return false
    return tree.source.slice(tree.from[one], tree.to[one]) === tree.source.slice(tree.from[other], tree.to[other])
  }

  /** Drop formatting elements up to the last marker, for example at the end of a cell. */
  forgetFormatting() {
    const { formatting } = this
    while (formatting.length && formatting.pop() !== MARKER);
  }

  /** Open the formatting elements again that the end of a block closed. */
  reopen() {
    const { formatting, tree } = this
    let place = formatting.length - 1
    while (place >= 0 && formatting[place] !== MARKER && !this.isOpen(formatting[place])) place--
    for (place++; place < formatting.length; place++) {
      if (this.copies >= MOST_COPIES || this.depth > DEEPEST) return
      this.copies++
      const node = tree.addCopy(formatting[place], this.top)
      this.push(node)
      formatting[place] = node
    }
  }
}
