// Distinguish a main part that is empty, because the text of the page is elsewhere, from a short text.
import { ID } from './tags.mjs'

/** Characters below which a main part may be an empty shell. */
const EMPTY = 80
export const NEAR_EMPTY = 200

/**
 * Return whether a main part is so empty that the page's text must be elsewhere.
 *
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {number} part
 */
export function isShell(measure, part) {
  const length = measure.length(part)
  const whole = measure.length(0)
  return length < EMPTY ? whole > 3 * length : length < NEAR_EMPTY && whole > 3 * length + NEAR_EMPTY
}

/**
 * Return whether a part has a heading and text or a form of its own, while the page has no other text.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {number} part
 * @param {number} others Characters of prose outside of the part and of menus and footers.
 */
export function isShortText(tree, measure, part, others) {
  const heading = tree.first(part, ID.h1)
  if (heading < 0 || measure.length(heading) === 0) return false
  const isMore = measure.length(part) > measure.length(heading) || tree.first(part, ID.form) >= 0
  return isMore && others < NEAR_EMPTY
}
