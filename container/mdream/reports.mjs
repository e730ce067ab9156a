// Texts in boxes that are named like questions about cookies or offers of newsletters, but are neither.
import { holds, textOf } from './measure.mjs'
import { ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Minimum number of long paragraphs, and maximum share of links. */
const FEWEST_PARAGRAPHS = 2
const FEW_LINKS = 0.15
/** Characters of a text that are searched for words of notices and offers. */
const SEARCHED = 2000
const OPERATED = ids('button', 'form', 'input', 'select', 'textarea')
const NAMED = /cookie|newsletter/i
const SOLICITS = new RegExp([
  '\\b(?:we|site|website|page|partners) (?:also )?(?:use|uses|store|set) (?:\\w+ )?cookies|\\b(?:accept|reject|manage|essential|necessary) (?:all )?cookies|your consent|privacy (?:policy|settings)',
  '\\b(?:subscribe|unsubscribe|sign up|sign-up|inbox|opt out|enter your (?:e-?mail|address))\\b|\\b(?:abonnieren|anmelden|abmelden|einwilligung|cookies? (?:ein|zu)|abonnez|inscrivez|suscr[ií]b\\w*|iscriviti)',
].join('|'), 'iu')

/**
 * Return whether a box is a text: it has long paragraphs and nothing to operate, and it asks for nothing.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number} node
 */
function isReport(tree, measure, node) {
  if (measure.linkShare(node) > FEW_LINKS || holds(tree, node, OPERATED)) return false
  return measure.longParagraphs(node).length >= FEWEST_PARAGRAPHS && !SOLICITS.test(textOf(tree, node, SEARCHED).slice(0, SEARCHED))
}

/** Return whether a box that is named after cookies or a newsletter is a text. */
export function isNamedReport(tree, measure, node) {
  return isNamed(tree, node) && isReport(tree, measure, node)
}

/** Return whether a box that is named after cookies or a newsletter is no text. */
export function isNotice(tree, measure, node) {
  return isNamed(tree, node) && !isReport(tree, measure, node)
}

function isNamed(tree, node) {
  return NAMED.test(`${tree.get(node, ATTRIBUTE.class)} ${tree.get(node, ATTRIBUTE.id)}`)
}
