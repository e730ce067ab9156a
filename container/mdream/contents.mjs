// Tables of contents: within a text, lists of links to its own headings; of a chapter, the list of its pages.
import { outermost } from './measure.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const FEWEST_LINKS = 3
const MOSTLY_LINKS = 0.85
/** Characters of a title beside the list, and share of the text that a table of contents has at most. */
const LONGEST_TITLE = 60
const LARGEST = 0.3
/** Characters beside a table of contents that is the page: fewer where it leads to places of the page alone. */
const BESIDE_PLACES = 200
const BESIDE_PAGES = 800
const NUMBER_SIGN = 35
const LISTS = ids('div', 'dl', 'ol', 'p', 'section', 'table', 'ul')
const BOXES = ids('aside', 'details', 'div', 'section')

/**
 * Leave out lists of links to other places of the same page, with the boxes around them.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutContents(tree, measure, main) {
  const links = tree.all(main, ID.a).filter((link) => isWithinPage(tree, link) && measure.length(link) > 0)
  if (links.length < FEWEST_LINKS) return
  let end = 0
  const known = new Map()
  for (const link of links) {
    if (link < end) continue
    const list = listOf(tree, measure, link, main, known)
    if (list < 0) continue
    end = tree.end[list]
    tree.leaveOut(boxOf(tree, measure, list, main))
  }
}

/** Return the maximum length of text beside tables of contents that are the main content of a page; 0 without any. */
export function mostBeside(tree, contents) {
  if (!contents.length) return 0
  // They may be nested.
  const links = outermost(tree, contents).flatMap((node) => tree.all(node, ID.a))
  const toPlaces = links.filter((link) => isWithinPage(tree, link)).length
  return 2 * toPlaces < links.length ? BESIDE_PAGES : BESIDE_PLACES
}

/**
 * Return the innermost element around a link that is a list of such links; or -1.
 *
 * @param {Map<number, string>} known The kinds of the lists that have been examined, each of which may have many links.
 */
function listOf(tree, measure, link, main, known) {
  for (let above = tree.parent[link]; above > main; above = tree.parent[above]) {
    if (measure.linkShare(above) < MOSTLY_LINKS && measure.prose(above) > LONGEST_TITLE) return -1
    if (!LISTS[tree.tag[above]] || measure.linkShare(above) < MOSTLY_LINKS) continue
    if (!known.has(above)) known.set(above, kindOf(tree, measure, above, main))
    const kind = known.get(above)
    if (kind !== 'short') return kind === 'contents' ? above : -1
  }
  return -1
}

/** Return whether a list of links is a table of contents, another list, or too short to tell. */
function kindOf(tree, measure, list, main) {
  const links = tree.all(list, ID.a).filter((one) => measure.length(one) > 0)
  if (links.length < FEWEST_LINKS) return 'short'
  const isContents = links.every((one) => isWithinPage(tree, one)) && measure.length(list) < LARGEST * measure.length(main)
  return isContents ? 'contents' : 'other'
}

/** Return the outermost element that contains only a list and a title. */
function boxOf(tree, measure, list, main) {
  let box = list
  for (let above = tree.parent[list]; above > main && BOXES[tree.tag[above]]; above = tree.parent[above]) {
    if (measure.length(above) - measure.length(list) > LONGEST_TITLE || tree.first(above, ID.h1) >= 0) break
    box = above
  }
  return box
}

function isWithinPage(tree, link) {
  const place = tree.placeOf(link, ATTRIBUTE.href)
  if (place < 0) return false
  const from = tree.attributeFrom[place]
  return tree.codes[from] === NUMBER_SIGN && tree.attributeTo[place] > from + 1
}
