// Read the tabs of Alpine: buttons that set a variable, and the parts that are shown for one of its values.
import { textOf } from './measure.mjs'
import { labelOf } from './panels.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'
import { label } from './widgets.mjs'

const CLICKS = ['@click', '@click.prevent', 'x-on:click', 'x-on:click.prevent'].map((name) => ATTRIBUTE[name])
const { href: HREF, 'x-show': SHOW } = ATTRIBUTE
const PANELS = ids('article', 'dl', 'div', 'figure', 'li', 'ol', 'p', 'pre', 'section', 'table', 'ul')
const LONGEST_LABEL = 60
const SETS = /^([\w.$]+) ?= ?(['"]?)([\w.-]+)\2 ?;?$/
const COMPARES = /^([\w.$]+) ?={2,3} ?(['"]?)([\w.-]+)\2$/
const LONGEST = 200
const MOST = 500
const FEWEST = 2

/**
 * Label the parts of the page that buttons show in place of each other.
 *
 * @param {import('./tree.mjs').Tree} tree
 */
export function readAlpineTabs(tree) {
  const tabs = new Map()
  for (const node of [...tree.lists[ID.button].slice(0, MOST), ...tree.lists[ID.a].slice(0, MOST)]) {
    const name = CLICKS.find((one) => tree.has(node, one))
    const state = name === undefined || !isTab(tree, node) ? null : stateOf(SETS, tree.get(node, name))
    if (state && !tabs.has(state)) tabs.set(state, node)
  }
  if (tabs.size < FEWEST) return
  const panels = []
  for (let node = 0; node < tree.count && panels.length < MOST; node++) {
    const tab = PANELS[tree.tag[node]] && tree.has(node, SHOW) ? tabs.get(stateOf(COMPARES, tree.get(node, SHOW))) : undefined
    if (tab !== undefined && tab < node && !tree.gone[node]) panels.push([node, tab])
  }
  if (new Set(panels.map(([, tab]) => tab)).size < FEWEST) return
  for (const [panel, tab] of panels) {
    label(tree, panel, labelOf(tree, tab))
    tree.leaveOut(tab)
  }
}

/** Return whether a button or a link is a short label, and leads to no other page. */
function isTab(tree, node) {
  const { length } = textOf(tree, node, LONGEST_LABEL + 1)
  return length > 0 && length <= LONGEST_LABEL && /^(?:#|javascript:|$)/i.test(tree.get(node, HREF).trim())
}

/** Return the variable and the value of an expression as one text, or null. */
function stateOf(pattern, expression) {
  const found = expression.length > LONGEST ? null : pattern.exec(expression.trim().replace(/\s+/g, ' '))
  return found && `${found[1]} ${found[3]}`
}
