// Blocks that a page holds once for each width of screen: the first stays, exact copies beside it go.
import { textOf } from './measure.mjs'
import { PANEL, POST } from './names.mjs'
import { ids } from './tags.mjs'

/** Characters from which a block that reads like another is its copy, not a phrase that recurs. */
const SHORTEST = 80
/** Characters that are compared on a page, as a multiple of those of its main part. */
const MOST_COMPARED = 4
const KEPT = PANEL | POST
const BLOCKS = ids('article', 'aside', 'div', 'section')

/**
 * Leave out blocks that repeat a block before them in the same element.
 *
 * Paragraphs and items may repeat because an author wrote them twice; wrappers around them do not.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutRepeats(tree, measure, main) {
  /** The first blocks of an element and a length. @type {Map<string, number>} */
  const firsts = new Map()
  const texts = new Map()
  let left = MOST_COMPARED * measure.length(main)
  const written = (node) => {
    if (!texts.has(node)) {
      left -= measure.length(node)
      texts.set(node, textOf(tree, node, measure.length(node) * 2))
    }
    return texts.get(node)
  }
  const end = tree.end[main]
  for (let node = main + 1; node < end && left > 0; node++) {
    if (tree.gone[node]) {
      node = tree.end[node] - 1
      continue
    }
    if (!BLOCKS[tree.tag[node]] || tree.marks[node] & KEPT || measure.length(node) < SHORTEST) continue
    const key = `${tree.parent[node]} ${measure.length(node)}`
    const first = firsts.get(key)
    if (first === undefined) {
      firsts.set(key, node)
    } else if (written(first) === written(node)) {
      tree.leaveOut(node)
      node = tree.end[node] - 1
    }
  }
}
