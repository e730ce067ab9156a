// Tell the sections of one text from several texts.
import { children } from './measure.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum share of links, and minimum characters of prose of a section. */
const MOST_LINKED = 0.5
const SOME_PROSE = 80

/**
 * Return whether articles are the entries of one page, such as the functions of a module: siblings of the same class.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number[]} articles
 */
export function areSections(tree, measure, articles) {
  const [first] = articles
  return articles.length > 1 && articles.every((one) => isAlike(tree, one, first) && measure.linkShare(one) < MOST_LINKED)
}

/** Return whether a part has a sibling that is another section of the same text: of the same class, with prose. */
export function hasSectionsBeside(tree, measure, part) {
  if (!tree.get(part, ATTRIBUTE.class)) return false
  return children(tree, tree.parent[part]).some((other) => other !== part && isAlike(tree, other, part)
    && measure.prose(other) >= SOME_PROSE && measure.linkShare(other) < MOST_LINKED)
}

function isAlike(tree, one, other) {
  return tree.parent[one] === tree.parent[other] && tree.tag[one] === tree.tag[other]
    && tree.get(one, ATTRIBUTE.class) === tree.get(other, ATTRIBUTE.class)
}
