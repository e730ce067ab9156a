// The anchors with which headings link to themselves.
import { holds, textOf } from './measure.mjs'
import { SIGN } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum characters of an anchor symbol in the source, with references. */
const LONGEST_SIGN = 24
const SIGNS = new Set(['', '#', '¶', '◆', '§', '\u{1f517}', '\uf0c1', '\u2693', '\u2693\ufe0e', 'Link', '#link', '↩', '↩︎', '↩️', '↑', '^', '⏎'])
/** Labels of such anchors in words, and the most characters of one. */
const LONGEST_SIGN_LABEL = 60
const SIGN_LABEL = /^(?:#?permalink|anchor|(?:direct |copy (?:the )?)?link to|copy link)/i
const IMAGES = ids('img')
/** Alternative texts of images that are such anchors, and links that fold a part of a manual. */
const IMAGE_LABEL = /^(?:#?permalink|anchor|link|(?:back to )?top)$/i
const TOGGLE = /^[[(]?(?:(?:collapse|expand|hide|show)(?: all)?|toggle)[\])]?$/i

/**
 * Leave out the anchors with which headings link to themselves.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {number} main
 */
export function leaveOutSigns(tree, measure, main) {
  if (tree.says & SIGN) {
    for (const node of tree.toldBelow(main, (one) => tree.marks[one] & SIGN)) if (isSign(tree, measure, node)) tree.leaveOut(node)
  }
  for (const node of tree.all(main, ID.a)) {
    if (measure.length(node) > LONGEST_SIGN || !isSelfLink(tree, node)) continue
    const text = textOf(tree, node)
    if (SIGNS.has(text) ? hasOnlySigns(tree, node) : TOGGLE.test(text) && tree.get(node, ATTRIBUTE.href) === '#') tree.leaveOut(node)
  }
}

/** Return whether all images of a link are anchors by their alternative texts. */
function hasOnlySigns(tree, node) {
  return tree.all(node, ID.img).every((image) => IMAGE_LABEL.test(tree.get(image, ATTRIBUTE.alt)))
}

/**
 * Return whether a part that is named as an anchor is only a symbol or a label: the same names are given to text that
 * can be linked to.
 */
function isSign(tree, measure, node) {
  if (measure.length(node) > LONGEST_SIGN_LABEL) return false
  const text = textOf(tree, node)
  if (!SIGNS.has(text) && !SIGN_LABEL.test(text)) return false
  return !holds(tree, node, IMAGES) || tree.get(node, ATTRIBUTE.href).startsWith('#')
}

function isSelfLink(tree, node) {
  return tree.get(node, ATTRIBUTE.href).startsWith('#') || tree.get(node, ATTRIBUTE.title).toLowerCase() === 'permalink'
}
