// Remove blocks that a page contains once for each screen width: the first is kept, exact copies beside it are left
// out.
import { textOf } from './measure.mjs'
import { PANEL, POST } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Minimum characters of a copy; shorter equal blocks may be phrases that recur. */
const SHORTEST = 80
/** Minimum characters of a copy whose class says for which screen widths it is. */
const SHORTEST_NAMED = 4
const FOR_WIDTHS = /(?:^|\s)(?:d-none|d-(?:sm|md|lg|xl)-\w+|(?:sm|md|lg|xl):(?:hidden|block|flex|inline|grid)|(?:hidden|visible)-(?:xs|sm|md|lg|phone|tablet|desktop|mobile)|(?:show|hide)-for-\w+|(?:hide|show|only)-(?:on-)?(?:mobile|desktop|tablet)|(?:is-)?(?:mobile|desktop|tablet)(?:-only)?|is-hidden-\w+|u-hidden-\w+|w-hidden-\w+|elementor-hidden-\w+)(?:\s|$)/
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
    if (!BLOCKS[tree.tag[node]] || tree.marks[node] & KEPT || measure.length(node) < SHORTEST_NAMED) continue
    if (isCode(tree, measure, node)) continue
    const key = tree.parent[node] * LENGTHS + measure.length(node)
    const first = firsts.get(key)
    if (first === undefined) {
      firsts.set(key, node)
    } else if ((measure.length(node) >= SHORTEST || isForWidths(tree, first) || isForWidths(tree, node)) && written(first) === written(node)) {
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

function isForWidths(tree, node) {
  return FOR_WIDTHS.test(tree.get(node, ATTRIBUTE.class))
}
