// Keep dialogs that contain text, such as a table of sizes. The title of such a dialog is the label of its button.
import { holds, textOf } from './measure.mjs'
import { ALWAYS, AUTHOR, CLOSED, HIDDEN, OFFER, OUTSIDE } from './names.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const MOST = 100
/** Minimum characters outside of links in a dialog with text, and maximum share of links. */
const SOME_PROSE = 25
const TEXT = 25
const FEW_LINKS = 0.3
/** Characters of the label of a button. */
const LONGEST_BUTTON = 20
const SHORTEST_LABEL = 4
const LONGEST_LABEL = 60
const TEXTS = ids('p', 'table')
const FRAMES = ids('aside', 'footer', 'header', 'nav')
const FIELDS = ids('iframe', 'input', 'select', 'textarea')
const OF_DIALOGS = /(?:^|[\s_-])(?:modal|dialog|popup|popover|lightbox|drawer)(?:$|[\s_-])/i
const OF_OPERATION = /cookie|consent|gdpr|privacy|log-?in|sign-?(?:in|up)|regist|account|newsletter|subscri|cart|basket|checkout|wishlist|share|search|menu|nav|filter|locale|language|country|currency|promo|exit|survey|feedback|report|video|gallery/i
/** Titles of dialogs about a site and its use. */
const OF_SITE = new RegExp(`${OF_OPERATION.source}|terms|polic(?:y|ies)|conditions|legal|disclaimer|copyright|\\buse of|denied|error|sign up|offer|discount|shipping|returns`, 'i')
const { class: CLASS, id: IDENTITY, role: ROLE } = ATTRIBUTE

/**
 * Mark dialogs with text as usual parts of the page, if their titles are the labels of the buttons or links that open them,
 * or if they are texts with titles of their own that the text of the page opens.
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
    if (measure.prose(node) < SOME_PROSE || measure.linkShare(node) > FEW_LINKS || holds(tree, node, FIELDS) || holdsForm(tree, measure, node)) continue
    if (!beginsWithLabel(tree, measure, node, opener) && !isText(tree, measure, node, opener)) continue
    tree.marks[node] &= ~(ALWAYS | AUTHOR | CLOSED | HIDDEN | OUTSIDE)
    if (tree.tag[node] === ID.dialog) tree.rename(node, ID.div)
  }
}

/** Return whether a dialog contains a form with more than a button. */
function holdsForm(tree, measure, node) {
  // A form with this method only closes the dialog.
  const sends = (form) => tree.get(form, ATTRIBUTE.method).toLowerCase() !== 'dialog'
  return tree.all(node, ID.form).some((form) => measure.length(form) > LONGEST_BUTTON && sends(form))
}

function beginsWithLabel(tree, measure, node, opener) {
  const label = measure.length(opener) > LONGEST_LABEL ? '' : textOf(tree, opener).toLowerCase()
  return label.length >= SHORTEST_LABEL && textOf(tree, node, LONGEST_LABEL).toLowerCase().startsWith(label)
}

/** Return whether a dialog is a text with a title, such as a biography, that the text of the page opens. */
function isText(tree, measure, node, opener) {
  if (measure.prose(node) < TEXT || !holds(tree, node, TEXTS)) return false
  const title = headingOf(tree, measure, node)
  if (title < 0 || OF_SITE.test(textOf(tree, title)) || OF_OPERATION.test(textOf(tree, opener, LONGEST_LABEL))) return false
  for (let above = tree.parent[opener]; above > 0; above = tree.parent[above]) {
    if (FRAMES[tree.tag[above]] || tree.marks[above] & (ALWAYS | OFFER)) return false
  }
  return true
}

/** Return the heading with which a dialog begins, or -1. Its buttons are not counted. */
function headingOf(tree, measure, top) {
  for (let node = top + 1; node < tree.end[top]; node++) {
    if (PROPERTIES[tree.tag[node]] & HEADING && measure.length(node)) return node
    if (tree.tag[node] === ID.button) node = tree.end[node] - 1
    else if (tree.tag[node] === 0 && tree.size[node]) return -1
  }
  return -1
}

function isDialog(tree, node) {
  return tree.get(node, ROLE) === 'dialog' || OF_DIALOGS.test(tree.get(node, CLASS))
}
