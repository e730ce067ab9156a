// Keep dialogs that contain text, such as a table of sizes. The title of such a dialog is the label of its button.
import { holds, textOf } from './measure.mjs'
import { ALWAYS, CLOSED, HIDDEN, OFFER, OUTSIDE } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const MOST = 100
/** Minimum characters outside of links in a dialog with text, and maximum share of links. */
const SOME_PROSE = 30
const FEW_LINKS = 0.3
/** Characters of the label of a button. */
const SHORTEST_LABEL = 4
const LONGEST_LABEL = 60
const FIELDS = ids('form', 'iframe', 'input', 'select', 'textarea')
const OF_DIALOGS = /(?:^|[\s_-])(?:modal|dialog|popup|popover|lightbox|drawer)(?:$|[\s_-])/i
const OF_OPERATION = /cookie|consent|gdpr|privacy|log-?in|sign-?(?:in|up)|regist|account|newsletter|subscri|cart|basket|checkout|wishlist|share|search|menu|nav|filter|locale|language|country|currency|promo|exit|survey|feedback|report|video|gallery/i
const { class: CLASS, id: IDENTITY, role: ROLE } = ATTRIBUTE

/**
 * Mark dialogs with text as usual parts of the page, if their titles are the labels of the buttons or links that open them.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {Map<string, number>} openers The elements that open the parts of the page, by the IDs of these parts.
 */
export function keepOpenedDialogs(tree, measure, openers) {
  if (!openers.size) return
  const named = tree.toldBelow(0, (node) => tree.marks[node] & (ALWAYS | CLOSED | HIDDEN) && openers.has(tree.get(node, IDENTITY)) && isDialog(tree, node))
  for (const node of new Set([...tree.lists[ID.dialog], ...named].slice(0, MOST))) {
    const identity = tree.get(node, IDENTITY)
    const opener = openers.get(identity)
    if (opener === undefined || OF_OPERATION.test(`${identity} ${tree.get(node, CLASS)}`) || tree.marks[node] & OFFER) continue
    if (measure.prose(node) < SOME_PROSE || measure.linkShare(node) > FEW_LINKS || holds(tree, node, FIELDS)) continue
    const label = measure.length(opener) > LONGEST_LABEL ? '' : textOf(tree, opener).toLowerCase()
    if (label.length < SHORTEST_LABEL || !textOf(tree, node, LONGEST_LABEL).toLowerCase().startsWith(label)) continue
    tree.marks[node] &= ~(ALWAYS | CLOSED | HIDDEN | OUTSIDE)
    if (tree.tag[node] === ID.dialog) tree.rename(node, ID.div)
  }
}

function isDialog(tree, node) {
  return tree.get(node, ROLE) === 'dialog' || OF_DIALOGS.test(tree.get(node, CLASS))
}
