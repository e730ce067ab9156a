// Read what scripts build from custom elements: tabs, parts that a click unfolds, formulas.
import { children, holds, textOf } from './measure.mjs'
import { FOLDED, HIDDEN, PANEL } from './names.mjs'
import { labelOf } from './panels.mjs'
import { decodedAttribute } from './references.mjs'
import { FIRST_FREE, ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Kinds of custom elements, by the ends of their names. */
const TABS = 1
const TAB = 2
const PART = 3
const FOLD = 4
const FORMULA = 5
const FORMULA_PART = 6
/** @type {[RegExp, number][]} */
const KINDS = [
  [/^mjx-container$/, FORMULA],
  [/^mjx-math$/, FORMULA_PART],
  [/-(?:tabs|tab-?group|tab-?set|tab-?list)$/, TABS],
  [/-tab$/, TAB],
  [/-(?:tab-?)?(?:panel|pane)$|-tab-?content$/, PART],
  [/-(?:accordion(?:-item)?|collapse|collapsible|details|disclosure|expandable(?:-section)?|expander|tab-?item)$/, FOLD],
]
const NAME = /^<([a-z][a-z0-9.]{0,20}-[a-z0-9.-]{1,40})/i
const LONGEST_NAME = 64
const FORMULAS = ids('math')
/** Custom elements of a page that are read, and nodes in each of those for tabs. */
const MOST = 20_000
const MOST_WITHIN = 2000
const FEWEST = 2
/** What the summaries of notebooks say about cells that are folded. */
const OF_CELL = /^(?:show|hide) (?:code )?cell (?:source|content|output)/i
const TITLES = ['summary', 'header', 'heading', 'label', 'title'].map((name) => ATTRIBUTE[name])
const { 'data-latex': LATEX } = ATTRIBUTE

/**
 * Give the parts of custom elements their labels, and read formulas without MathML.
 *
 * @param {import('./tree.mjs').Tree} tree
 */
export function readWidgets(tree) {
  const kinds = new Map()
  let left = MOST
  for (let node = 0; node < tree.count && left > 0; node++) {
    const tag = tree.tag[node]
    if (tag === ID.summary && OF_CELL.test(textOf(tree, node, LONGEST_NAME))) tree.leaveOut(node)
    if (tag < FIRST_FREE || tree.gone[node]) continue
    const kind = kinds.get(tag) ?? kindOf(tree, node)
    kinds.set(tag, kind)
    if (kind !== TABS && kind !== FOLD && kind !== FORMULA) continue
    left--
    if (kind === TABS) readTabs(tree, node, kinds)
    else if (kind === FOLD) readTitle(tree, node)
    else readFormula(tree, node, kinds)
  }
}

function kindOf(tree, node) {
  const from = tree.from[node]
  const name = NAME.exec(tree.slice(from, Math.min(tree.to[node], from + LONGEST_NAME)))?.[1].toLowerCase()
  return (name && KINDS.find(([pattern]) => pattern.test(name))?.[1]) || 0
}

/** Label the parts of an element for tabs. */
function readTabs(tree, top, kinds) {
  for (const part of children(tree, top)) {
    // Only its script shows the parts of such an element.
    tree.marks[part] &= ~HIDDEN
    if (tree.tag[part] === ID.dl) readTerms(tree, part)
  }
  const tabs = []
  const parts = []
  const end = Math.min(tree.end[top], top + MOST_WITHIN)
  for (let node = top + 1; node < end; node++) {
    if (tree.tag[node] < FIRST_FREE || tree.gone[node]) continue
    const kind = kinds.get(tree.tag[node]) ?? kindOf(tree, node)
    kinds.set(tree.tag[node], kind)
    if (kind === TABS) return
    if (kind === TAB) tabs.push(node)
    else if (kind === PART) parts.push(node)
  }
  if (tabs.length < FEWEST || tabs.length !== parts.length) return
  tabs.forEach((tab, at) => {
    label(tree, parts[at], labelOf(tree, tab))
    tree.leaveOut(tab)
  })
}

/** Read a list of definitions as panels with their labels. */
function readTerms(tree, list) {
  const parts = children(tree, list)
  const isPair = (part, at) => tree.tag[part] === (at % 2 ? ID.dd : ID.dt)
  if (!parts.length || parts.length % 2 || !parts.every(isPair)) return
  for (let at = 0; at < parts.length; at += 2) {
    label(tree, parts[at + 1], labelOf(tree, parts[at]))
    tree.leaveOut(parts[at])
    tree.rename(parts[at + 1], ID.div)
  }
  tree.rename(list, ID.div)
}

/** Label a part with the title that an attribute states. */
function readTitle(tree, node) {
  const name = TITLES.find((title) => tree.has(node, title))
  const title = name === undefined ? '' : decodedAttribute(tree.get(node, name)).trim().replace(/\s+/g, ' ')
  if (title && !textOf(tree, node, title.length).startsWith(title)) label(tree, node, title)
}

/** Store the label of a part, which is shown although a script folds it. */
export function label(tree, part, text) {
  if (!text) return
  tree.labels.set(part, text)
  tree.marks[part] = (tree.marks[part] & ~HIDDEN) | PANEL | FOLDED
  tree.says |= PANEL
}

/** Read a formula that MathJax 4 rendered without MathML from the TeX that it states. */
function readFormula(tree, top, kinds) {
  if (holds(tree, top, FORMULAS)) return
  const parts = children(tree, top).filter((node) => (kinds.get(tree.tag[node]) ?? kindOf(tree, node)) === FORMULA_PART)
  const formula = [...parts, top].find((node) => tree.has(node, LATEX))
  if (formula === undefined) return
  tree.marks[formula] &= ~HIDDEN
  tree.rename(formula, ID.math)
}
