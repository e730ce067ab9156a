// Remove blocks that a page contains once for each screen width: the first is kept, exact copies beside it are left
// out.
import { textOf } from './measure.mjs'
import { PANEL, POST } from './names.mjs'
import { ID, ids } from './tags.mjs'

/** Minimum characters of a copy; shorter equal blocks may be phrases that recur. */
const SHORTEST = 80
/** Maximum characters that are compared on a page, as a multiple of the length of its main part. */
const MOST_COMPARED = 4
/** Share of code in a block from which it is an example. */
const MOSTLY_CODE = 0.7
/** More than the characters of the longest page. */
const LENGTHS = 2 ** 31
const KEPT = PANEL | POST
const BLOCKS = ids('article', 'aside', 'div', 'section')

/**
 * Leave out blocks that repeat an earlier block of the same element.
 *
 * Paragraphs and list items are kept, because their author may have repeated them on purpose; wrappers are not
 * repeated on purpose.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutRepeats(tree, measure, main) {
  /** The first block for each parent and length, combined in one number. @type {Map<number, number>} */
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
    if (isCode(tree, measure, node)) continue
    const key = tree.parent[node] * LENGTHS + measure.length(node)
    const first = firsts.get(key)
    if (first === undefined) {
      firsts.set(key, node)
    } else if (written(first) === written(node)) {
      tree.leaveOut(node)
      node = tree.end[node] - 1
    }
  }
}

/** Return whether a block is an example of code, which a text may show again on purpose. */
function isCode(tree, measure, node) {
  const code = tree.first(node, ID.pre)
  return code >= 0 && measure.length(code) > MOSTLY_CODE * measure.length(node)
}
