// Tabs and their panels. Each panel gets the label of its tab, because all panels are written one below the other.
import { children } from './measure.mjs'
import { PANEL, TAB, TABS } from './names.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum characters of a label. */
const LONGEST = 80
/** Minimum characters outside of links and labels in a list of tabs that also contains the panels. */
const PANELS_WITHIN = 100
const MOST = 500

const { 'aria-controls': CONTROLS, 'aria-labelledby': LABELLED, 'data-bs-target': BOOTSTRAP, 'data-target': TARGET,
  href: HREF, id: IDENTITY } = ATTRIBUTE

/** Store the label of each panel that has a tab. Tabs and panels are matched by ID, or by order. */
export function labelPanels(tree) {
  const told = Array.from(tree.told.subarray(0, tree.toldOnes))
  const panels = told.filter((node) => tree.marks[node] & PANEL).slice(0, MOST)
  if (!panels.length) return
  const tabs = told.filter((node) => tree.marks[node] & TAB).slice(0, MOST)
  const byIdentity = new Map(panels.map((node) => [tree.get(node, IDENTITY), node]))
  const byLabel = new Map(panels.map((node) => [tree.get(node, LABELLED), node]))
  for (const tab of tabs) {
    const panel = [CONTROLS, BOOTSTRAP, TARGET, HREF].map((name) => byIdentity.get(tree.get(tab, name).replace(/^#/, '') || '-'))
      .find((node) => node !== undefined) ?? byLabel.get(tree.get(tab, IDENTITY) || '-')
    if (panel !== undefined) tree.labels.set(panel, labelOf(tree, tab))
  }
  for (const list of told) if (tree.marks[list] & TABS) labelInOrder(tree, list, panels)
}

/** Label the panels that follow a list of tabs, if their number equals the number of tabs. */
function labelInOrder(tree, list, panels) {
  let tabs = tree.toldBelow(list, (node) => tree.marks[node] & TAB)
  if (!tabs.length) tabs = children(tree, list)
  const around = tree.parent[list]
  let own = panels.filter((node) => node >= tree.end[list] && node < tree.end[around])
  const outermostEnd = { at: 0 }
  own = own.filter((node) => {
    if (node < outermostEnd.at) return false
    outermostEnd.at = tree.end[node]
    return true
  })
  if (own.length !== tabs.length || own.some((node) => tree.labels.has(node))) return
  own.forEach((node, at) => tree.labels.set(node, labelOf(tree, tabs[at])))
}

/** Leave out lists of tabs, unless they also contain the panels. */
export function leaveOutTabs(tree, measure) {
  for (let place = 0; place < tree.toldOnes; place++) {
    const node = tree.told[place]
    if (tree.gone[node] || !(tree.marks[node] & TABS) || tree.isToldWithin(node, PANEL)) continue
    measure.take(tree, node)
    const tabs = tree.toldBelow(node, (inner) => tree.marks[inner] & TAB)
    const labels = tabs.reduce((length, tab) => length + measure.length(tab), 0)
    if (measure.prose(node) - labels < PANELS_WITHIN) tree.leaveOut(node)
  }
}

function labelOf(tree, tab) {
  let text = ''
  const end = tree.end[tab]
  for (let node = tab + 1; node < end && text.length < LONGEST; node++) {
    if (tree.tag[node] === 0) text += tree.raw(node)
    else if (tree.tag[node] === ID.svg) node = tree.end[node] - 1
  }
  return text.trim().replace(/\s+/g, ' ').slice(0, LONGEST)
}
