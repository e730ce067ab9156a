// The elements of a page that are open while it is read, and the formatting elements that are opened again.
import { MOST_IDS, ids } from './tags.mjs'

/** Elements nested deeper than this become siblings, as in browsers. */
export const DEEPEST = 512
/** Formatting elements that may wait to be opened again; older ones are forgotten. */
const MOST_WAITING = 32
/** Copies of formatting elements in one page; beyond them nothing is opened again, which keeps the time linear. */
const MOST_COPIES = 10_000
/** Entry of the list of formatting elements before which nothing is opened again. */
export const MARKER = -1

/** Elements at which a list of formatting elements of its own begins. */
export const MARKED = ids('applet', 'caption', 'marquee', 'object', 'td', 'template', 'th')
const ROOT = 1

const OPEN = new Int32Array(MOST_IDS)
const BEYOND = new Int32Array(MOST_IDS)

/** The stack of open elements is the chain of parents of `top`. */
export class OpenElements {
  /** @param {import('./tree.mjs').Tree} tree An empty tree with the source of a page. */
  constructor(tree) {
    this.tree = tree
    /** The innermost element that is open. */
    this.top = tree.add(ROOT, -1, 0, 0, 0)
    /** Number of open elements. */
    this.depth = 1
    /** Number of open elements of each kind. */
    this.open = OPEN.fill(0)
    /** Start tags of each kind beyond the greatest depth, whose end tags close nothing. */
    this.beyond = BEYOND.fill(0)
    /** The standard's list of active formatting elements. */
    this.formatting = []
    this.copies = 0
  }

  /** Say whether a part of the source holds anything but white space. */
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

  /** Close the innermost element; return whether that was all that its end tag does. */
  closeTop(isFormatting) {
    const { formatting } = this
    if (isFormatting) {
      if (formatting[formatting.length - 1] !== this.top) return false
      formatting.pop()
    }
    this.pop()
    return true
  }

  /** Close an element and all that is open within it. */
  popUpTo(node) {
    while (this.top !== node) this.pop()
    this.pop()
  }

  push(node) {
    this.top = node
    this.depth++
    this.open[this.tree.tag[node]]++
  }

  /** Say whether an element is open. */
  isOpen(node) {
    if (!this.open[this.tree.tag[node]]) return false
    for (let above = this.top; above >= node; above = this.tree.parent[above]) if (above === node) return true
    return false
  }

  /** Note a formatting element, so that it is opened again in the blocks after the one that closes it. */
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
    // Three alike are enough, says the standard; a greatest number bounds what unlike ones cost.
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

  /** Forget formatting up to the last marker, at the end of a cell or the like. */
  forgetFormatting() {
    const { formatting } = this
    while (formatting.length && formatting.pop() !== MARKER);
  }

  /** Open again the formatting elements that a block has closed before their own end tags. */
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
