// Tabs and their panels, and buttons and the parts that they open. Each panel gets the label of its tab, because all
// panels are written one below the other.
import { children, holds, nextOf } from './measure.mjs'
import { HIDDEN, PANEL, TAB, TABS } from './names.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum characters of a label. */
const LONGEST = 80
/** Minimum characters outside of links and labels in a list of tabs that also contains the panels. */
const PANELS_WITHIN = 100
const MOST = 500
const FEWEST = 2

const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))
const TAB_TAGS = ids('a', 'button', 'label', 'li')
const WRAPPERS = ids('div', 'li', 'span')
const SENTENCES = ids('dd', 'p', 'td')
/** Labels of buttons that say nothing about what they open. */
const NO_LABEL = /^\W*(?:(?:(?:read|show|see|view|load|learn|expand|click for) (?:more|less|all|details)|more|less|menu|open|close|toggle|expand|search|filters?|share|copy|next|previous)\W*)?$/i

/** The list of tabs of Material for MkDocs, which has no role. */
const LABELS = /(?:^|\s)tabbed-labels(?:\s|$)/

const { 'aria-controls': CONTROLS, 'aria-expanded': EXPANDED, 'aria-labelledby': LABELLED, 'data-bs-target': BOOTSTRAP, 'data-target': TARGET,
  class: CLASS, href: HREF, id: IDENTITY, role: ROLE } = ATTRIBUTE

/** Store the label of each panel that has a tab. Tabs and panels are matched by ID, or by order. */
export function labelPanels(tree) {
  const told = Array.from(tree.told.subarray(0, tree.toldOnes))
  const panels = told.filter((node) => tree.marks[node] & PANEL).slice(0, MOST)
  const tabs = told.filter((node) => tree.marks[node] & TAB).slice(0, MOST)
  const byIdentity = new Map(panels.map((node) => [tree.get(node, IDENTITY), node]))
  const byLabel = new Map(panels.map((node) => [tree.get(node, LABELLED), node]))
  for (const tab of panels.length ? [...tabs, ...linksTo(tree, byIdentity)] : []) {
    const panel = [CONTROLS, BOOTSTRAP, TARGET, HREF].map((name) => byIdentity.get(tree.get(tab, name).replace(/^#/, '') || '-'))
      .find((node) => node !== undefined) ?? byLabel.get(tree.get(tab, IDENTITY) || '-')
    if (panel !== undefined) setLabel(tree, panel, tab)
  }
  for (const list of told.filter((node) => tree.marks[node] & TABS).slice(0, MOST)) labelInOrder(tree, list, panels)
  leaveOutRepeated(tree, tabs)
}

/** Leave out tabs that repeat the label of a panel, such as those that Elementor writes for small screens. */
function leaveOutRepeated(tree, tabs) {
  const labels = new Set(tree.labels.values())
  if (!labels.size) return
  for (const tab of tabs) if (!tree.gone[tab] && !isTitle(tree, tab) && labels.has(labelOf(tree, tab))) tree.leaveOut(tab)
}

/** Return the links that lead to a panel and are not words of a sentence. */
function linksTo(tree, byIdentity) {
  return tree.lists[ID.a].filter((link) => {
    const place = tree.placeOf(link, HREF)
    if (place < 0 || tree.source[tree.attributeFrom[place]] !== '#' || SENTENCES[tree.tag[tree.parent[link]]]) return false
    const panel = byIdentity.get(tree.value(place).slice(1))
    return panel !== undefined && link < panel
  })
}

/**
 * Label a panel with the text of its tab, and leave out the tab. A heading that is not in a list of tabs is written itself.
 */
function setLabel(tree, panel, tab, isListed = false) {
  const label = labelOf(tree, tab)
  if (!label || (!isListed && isTitle(tree, tab))) return
  if (!tree.labels.has(panel)) tree.labels.set(panel, label)
  tree.marks[panel] |= PANEL
  let whole = tab
  while (WRAPPERS[tree.tag[tree.parent[whole]]] && isOnly(tree, whole)) whole = tree.parent[whole]
  if (!(whole <= panel && panel < tree.end[whole])) tree.leaveOut(whole)
}

function isTitle(tree, tab) {
  return holds(tree, tab, HEADINGS) || HEADINGS[tree.tag[tab]] || HEADINGS[tree.tag[tree.parent[tab]]] || tree.tag[tree.parent[tab]] === ID.dt
}

/** Return whether an element is the only content of its parent. */
function isOnly(tree, node) {
  const parent = tree.parent[node]
  for (let other = parent + 1; other < tree.end[parent]; other = tree.end[other]) {
    if (other !== node && (tree.tag[other] !== 0 || tree.size[other] > 0)) return false
  }
  return true
}

/** Label the panels that follow a list of tabs, if their number equals the number of tabs. */
function labelInOrder(tree, list, panels) {
  const inner = tree.toldBelow(list, (node) => tree.marks[node] & TAB)
  const tabs = inner.length ? inner : children(tree, list).filter((node) => TAB_TAGS[tree.tag[node]])
  if (tabs.length < FEWEST) return
  const own = panelsOf(tree, list, tabs, panels)
  if (own.length !== tabs.length || own.some((node) => tree.labels.has(node))) return
  if (tree.get(list, ROLE) !== 'tablist' && tabs.some((tab) => leadsElsewhere(tree, tab))) return
  own.forEach((node, at) => setLabel(tree, node, tabs[at], true))
}

/** Return whether a tab is a link to another page, or contains one. */
function leadsElsewhere(tree, tab) {
  const links = tree.tag[tab] === ID.a ? [tab] : tree.all(tab, ID.a)
  return links.some((link) => !/^(?:#|javascript:|$)/i.test(tree.get(link, HREF).trim()))
}

/** Return the panels in or after a list of tabs, or else the parts of the element after it. */
function panelsOf(tree, list, tabs, panels) {
  const from = tree.end[tabs[tabs.length - 1]]
  let end = 0
  const own = panels.filter((node) => {
    if (node < from || node >= tree.end[tree.parent[list]] || node < end) return false
    end = tree.end[node]
    return true
  })
  if (own.length || tree.get(list, ROLE) === 'tablist') return own
  const next = nextOf(tree, list)
  return next < 0 || tree.tag[next] !== ID.div ? [] : children(tree, next)
}

/** Label the parts that buttons open, unless the button is a heading or says nothing about the part. */
export function labelOpened(tree) {
  const buttons = tree.lists[ID.button].filter((node) => tree.has(node, EXPANDED) && tree.has(node, CONTROLS)).slice(0, MOST)
  if (!buttons.length) return
  const targets = new Map(buttons.map((node) => [tree.get(node, CONTROLS), node]))
  for (let place = 0; place < tree.toldOnes; place++) {
    const node = tree.told[place]
    if (tree.gone[node] || !(tree.marks[node] & HIDDEN)) continue
    const button = targets.get(tree.get(node, IDENTITY) || '-')
    if (button !== undefined && button < node && !tree.gone[button] && !NO_LABEL.test(labelOf(tree, button))) setLabel(tree, node, button)
  }
}

/** Leave out lists of tabs, unless they also contain the panels. */
export function leaveOutTabs(tree, measure) {
  for (let place = 0; place < tree.toldOnes; place++) {
    const node = tree.told[place]
    if (tree.gone[node] || !(tree.marks[node] & TABS) || tree.isToldWithin(node, PANEL)) continue
    if (tree.get(node, ROLE) !== 'tablist' && !LABELS.test(tree.get(node, CLASS))) continue
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
