// Links that only lead through the site: at the beginning and the end of the main part, in its header, in rows of a table.
import { CONTENTS } from './names.mjs'
import { children, holds, textOf } from './measure.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Blocks at either end of the main part that are examined for links to the previous and next page. */
const MOST_EDGES = 12

/** Share of links in a menu, and characters of a row of links. */
const OF_MENU = 0.9
const LONGEST_ROW = 120

const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const WRAPPERS = ids('article', 'center', 'div', 'main', 'section')
const WALKING = new Set(
  ('prev previous next up home top contents index back forward menu table of to the chapter section page main document '
    + 'search modules list and here you are skip content last first for go return').split(' '),
)
const STEPS = ['prev', 'previous', 'next', 'up', 'home', 'index', 'contents']
const SEPARATOR = /^[\s|·•*\-–—/<>[\]«»:&;]*$/
const WORD = /\p{L}+/gu

/**
 * Leave out links at either end that only lead through the site: previous, next, up.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 * @param {import('./page_type.mjs').PageType} pageType
 */
export function leaveOutWalks(tree, measure, main, pageType) {
  for (const isBackward of [false, true]) leaveOutAtEdge(tree, measure, deepest(tree, measure, main), pageType, isBackward)
}

function leaveOutAtEdge(tree, measure, top, pageType, isBackward) {
  const edge = children(tree, top)
  if (isBackward) edge.reverse()
  let isAfterWalk = false
  for (const node of edge.slice(0, MOST_EDGES)) {
    if (isWalk(tree, measure, node)) {
      // A section of a manual that is a list of links begins with such links, too.
      if (pageType === 'documentation' && holds(tree, node, HEADINGS)) return leaveOutAtEdge(tree, measure, node, pageType, isBackward)
      leaveOutWalk(tree, node)
      isAfterWalk = true
    } else if (tree.tag[node] === ID.hr) {
      if (isAfterWalk) tree.leaveOut(node)
    } else if (measure.length(node) > 1) {
      return
    }
  }
}

/** Leave out a part, and separator text after it. */
function leaveOutWalk(tree, node) {
  tree.leaveOut(node)
  for (const sign of [node - 1, tree.end[node]]) {
    const isText = sign > 0 && sign < tree.count && tree.tag[sign] === 0 && tree.parent[sign] === tree.parent[node]
    if (isText && SEPARATOR.test(tree.raw(sign))) tree.leaveOut(sign)
  }
}

/** Descend while one child contains all content. */
function deepest(tree, measure, node) {
  for (let level = 0; level < 20; level++) {
    const full = children(tree, node).filter((child) => measure.length(child))
    if (full.length !== 1 || !WRAPPERS[tree.tag[full[0]]]) return node
    node = full[0]
  }
  return node
}

/** Return whether a part contains an image without a link, like the pages of galleries. */
function holdsOwnPicture(tree, node) {
  return tree.all(node, ID.img).some((image) => {
    for (let above = tree.parent[image]; above > node; above = tree.parent[above]) if (tree.tag[above] === ID.a) return false
    return true
  })
}

function isWalk(tree, measure, node) {
  if (!measure.linked(node) || measure.length(node) > 300 || holdsOwnPicture(tree, node) || PROPERTIES[tree.tag[node]] & HEADING) return false
  if (tree.says & CONTENTS && tree.isToldWithin(node, CONTENTS)) return false
  const text = textOf(tree, node)
  const words = wordsOf(text)
  if (text.length > 300 || !STEPS.some((step) => words.has(step))) return false
  if (measure.linkShare(node) > 0.5) return true
  let rest = text
  for (const link of tree.all(node, ID.a)) {
    if (tree.has(link, ATTRIBUTE.href)) rest = rest.replace(textOf(tree, link), ' ')
  }
  return [...wordsOf(rest)].every((word) => WALKING.has(word))
}

function wordsOf(text) {
  return new Set((text.match(WORD) ?? []).map((word) => word.toLowerCase()))
}

/** Return whether a header consists of links, as that of a site does if the main part is marked around the whole page. */
export function isMenu(tree, measure, node) {
  return measure.linkShare(node) >= OF_MENU && !holds(tree, node, HEADINGS) && tree.countOf(node, ID.a) > 1
}

/** Return whether a table of a manual is a row of links that lead through it. */
export function isRowOfLinks(tree, measure, table) {
  return measure.length(table) < LONGEST_ROW && tree.countOf(table, ID.tr) <= 1 && tree.countOf(table, ID.a) > 1
}
