// Code blocks of highlighters that are not `pre`: each line is an element, or line breaks separate the lines.
import { holds } from './measure.mjs'
import { FRAGMENT, LINE } from './names.mjs'
import { rawText } from './raw_lines.mjs'
import { BLOCK, PROPERTIES } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const BLOCKS = Uint8Array.from(PROPERTIES, (properties) => (properties & BLOCK ? 1 : 0))
const OF_CODE = /-code(?:\s|$)/
/** What Doxygen adds to the lines: boxes that explain a name under the pointer, and parts that a click folds. */
const EXPLANATION = /^ttc$/
const FOLDABLE = /(?:^|\s)foldopen(?:\s|$)/
/** What Doxygen writes between the number of a line and its text. */
const INDENTED = /^(?:&#160;|&nbsp;|\u00a0)/

export class Fragments {
  constructor(tree) {
    this.tree = tree
    /** The last node that was no line. No element around it is examined again. */
    this.other = -1
  }

  /** Return whether an element is a code block. */
  includes(node) {
    const { tree } = this
    if (!(tree.marks[node] & FRAGMENT)) return false
    if (this.linesOf(node).length) return true
    return OF_CODE.test(tree.get(node, ATTRIBUTE.class)) && !holds(tree, node, BLOCKS)
  }

  /** Return the unprocessed text of an element that is a code block. */
  textOf(node) {
    const { tree } = this
    const lines = this.linesOf(node).map((line) => rawText(tree, line))
    if (!lines.length) return rawText(tree, node)
    return (lines.every((line) => INDENTED.test(line)) ? lines.map((line) => line.replace(INDENTED, '')) : lines).join('\n')
  }

  /** Return the elements that are the lines of a code block, or an empty list if an element contains more than lines. */
  linesOf(top) {
    const { tree } = this
    const found = []
    const end = tree.end[top]
    if (top < this.other && this.other < end) return []
    for (let node = top + 1; node < end;) {
      const names = tree.tag[node] !== 0 && !tree.gone[node] && !(tree.marks[node] & LINE) ? tree.get(node, ATTRIBUTE.class) : ''
      if (FOLDABLE.test(names)) {
        node++
        continue
      }
      if (tree.marks[node] & LINE && !tree.gone[node]) found.push(node)
      else if (!tree.gone[node] && (tree.tag[node] === 0 ? tree.size[node] > 0 : !EXPLANATION.test(names))) {
        this.other = node
        return []
      }
      node = tree.end[node]
    }
    return found
  }
}
