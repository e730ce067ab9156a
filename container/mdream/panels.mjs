// Tabs and their panels, and buttons and the parts that they open. Each panel gets the label of its tab, because all
// panels are written one below the other.
import { children, holds, isOnly, nextOf, previousOf, textOf } from './measure.mjs'
import { ALWAYS, CLOSED, FOLDED, HIDDEN, PANEL, TAB, TABS } from './names.mjs'
import { decoded } from './references.mjs'
import { renameAll } from './renaming.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum characters of a label. */
const LONGEST = 250
/** Minimum characters outside of links and labels in a list of tabs that also contains the panels. */
const PANELS_WITHIN = 100
const MOST = 500
const FEWEST = 2
/** Minimum characters of what a button opens, maximum share of links in it, and levels between them. */
const SHORTEST_ANSWER = 15
const MOST_LINKS = 0.5
const LEVELS = 3
/** Share of the page's prose from which a part is the text of the page, unless a question opens it. */
const MOST_OF_PAGE = 0.6

const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))
const TAB_TAGS = ids('a', 'button', 'label', 'li')
const WRAPPERS = ids('div', 'li', 'span')
const SENTENCES = ids('dd', 'p', 'td')
const LISTS = ids('ol', 'ul')
const PARTS = ids('div', 'section')
const ANSWERS = ids('dd', 'div', 'p', 'section')
/** Labels of buttons that say nothing about what they open. */
const NO_LABEL = /^\W*(?:(?:(?:read|show|see|view|load|learn|expand|click for) (?:more|less|all|details)|more|less|menu|open|close|toggle|expand|search|filters?|share|copy|next|previous)\W*)?$/i

const OF_CONTROLS = /^(?:filters?|sort|toggle)\b/i

/** The list of tabs of Material for MkDocs, which has no role. */
const LABELS = /(?:^|\s)tabbed-labels(?:\s|$)/

const { 'aria-controls': CONTROLS, 'aria-expanded': EXPANDED, 'aria-labelledby': LABELLED, 'data-bs-target': BOOTSTRAP, 'data-target': TARGET,
  class: CLASS, href: HREF, id: IDENTITY, role: ROLE } = ATTRIBUTE

/** Store the label of each panel that has a tab. Tabs and panels are matched by ID, or by order. */
export function labelPanels(tree) {
  const told = Array.from(tree.told.subarray(0, tree.toldOnes))
  const panels = told.filter((node) => tree.marks[node] & PANEL && !(tree.marks[node] & TABS)).slice(0, MOST)
  const tabs = told.filter((node) => tree.marks[node] & TAB).slice(0, MOST)
  const byIdentity = new Map(panels.map((node) => [tree.get(node, IDENTITY), node]))
  const byLabel = new Map(panels.map((node) => [tree.get(node, LABELLED), node]))
  for (const tab of panels.length ? [...tabs, ...linksTo(tree, byIdentity)] : []) {
    const panel = [CONTROLS, BOOTSTRAP, TARGET, HREF].map((name) => byIdentity.get(tree.get(tab, name).replace(/^#/, '') || '-'))
      .find((node) => node !== undefined) ?? byLabel.get(tree.get(tab, IDENTITY) || '-')
    if (panel !== undefined) setLabel(tree, panel, tab)
  }
  const lists = listsOf(tree, told, tabs)
  for (const list of lists) if (tree.marks[list] & PANEL) labelSwitcher(tree, list)
  labelByTarget(tree, lists)
  for (const list of lists) if (!tree.gone[list]) labelInOrder(tree, list, panels)
  leaveOutRepeated(tree, tabs)
}

/** Return the lists of tabs, in the order of the page: those that are named as such, and parents of several tabs. */
function listsOf(tree, told, tabs) {
  const lists = new Set(told.filter((node) => tree.marks[node] & TABS).slice(0, MOST))
  let before = -1
  for (const tab of tabs) {
    if (tree.parent[tab] === before) lists.add(before)
    before = tree.parent[tab]
  }
  return [...lists].sort((one, other) => one - other)
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
  // A title that a panel begins with is written once.
  if (!tree.labels.has(panel) && titleOf(tree, panel) !== label) tree.labels.set(panel, label)
  tree.marks[panel] |= PANEL
  let whole = tab
  while (WRAPPERS[tree.tag[tree.parent[whole]]] && isOnly(tree, whole)) whole = tree.parent[whole]
  if (!(whole <= panel && panel < tree.end[whole])) tree.leaveOut(whole)
}

/** Return the heading with which a panel begins, or an empty text. */
function titleOf(tree, panel) {
  for (let node = panel + 1; node < tree.end[panel]; node++) {
    if (HEADINGS[tree.tag[node]]) return textOf(tree, node)
    if (tree.tag[node] === 0 && tree.size[node]) return ''
  }
  return ''
}

function isTitle(tree, tab) {
  return holds(tree, tab, HEADINGS) || HEADINGS[tree.tag[tab]] || HEADINGS[tree.tag[tree.parent[tab]]] || tree.tag[tree.parent[tab]] === ID.dt
}

/** Label the items of a list of panels, such as a switcher of UIkit, with the items of the list before it. */
function labelSwitcher(tree, list) {
  tree.marks[list] &= ~(PANEL | TABS)
  const before = previousOf(tree, list)
  const panels = children(tree, list)
  const tabs = before < 0 ? [] : children(tree, before)
  if (!LISTS[tree.tag[list]] || !LISTS[tree.tag[before]] || panels.length < FEWEST || tabs.length !== panels.length) return
  if (tabs.some((tab) => leadsElsewhere(tree, tab))) return
  renameAll(tree, [list, ...panels], ID.div)
  panels.forEach((panel, at) => setLabel(tree, panel, tabs[at], true))
}

/** Label the parts of the page to which all tabs of a list lead, if these follow the list beside each other. */
function labelByTarget(tree, lists) {
  const wanted = new Map()
  for (const list of lists) {
    const links = tree.gone[list] ? [] : children(tree, list).map((tab) => (tree.tag[tab] === ID.a ? tab : tree.first(tab, ID.a)))
    const names = links.map((link) => (link < 0 ? '' : tree.get(link, HREF)))
    if (links.length < FEWEST || !names.every((name) => name.startsWith('#') && name.length > 1)) continue
    wanted.set(list, names.map((name) => name.slice(1)))
  }
  if (!wanted.size) return
  const all = new Set([...wanted.values()].flat())
  const places = new Map()
  for (let node = 0; node < tree.count; node++) {
    const identity = tree.hasAttributes(node) ? tree.get(node, IDENTITY) : ''
    if (identity && all.has(identity) && !places.has(identity)) places.set(identity, node)
  }
  for (const [list, names] of wanted) {
    const panels = names.map((name) => places.get(name) ?? -1)
    const tabs = children(tree, list)
    if (panels.some((node) => node < tree.end[list] || !PARTS[tree.tag[node]] || tree.parent[node] !== tree.parent[panels[0]])) continue
    panels.forEach((panel, at) => setLabel(tree, panel, tabs[at], true))
  }
}

/** Label the panels that follow a list of tabs, if their number equals the number of tabs. */
function labelInOrder(tree, list, panels) {
  const inner = tree.toldBelow(list, (node) => tree.marks[node] & TAB)
  const tabs = inner.length ? inner : itemsOf(tree, list).filter((node) => TAB_TAGS[tree.tag[node]])
  if (tabs.length < FEWEST) return
  const own = panelsOf(tree, list, tabs, panels)
  if (own.length !== tabs.length || own.some((node) => tree.labels.has(node))) return
  if (tree.get(list, ROLE) !== 'tablist' && tabs.some((tab) => leadsElsewhere(tree, tab))) return
  own.forEach((node, at) => {
    tree.marks[node] |= FOLDED
    setLabel(tree, node, tabs[at], true)
  })
}

/** Return the children of a list of tabs, or the items of the list that it consists of. */
function itemsOf(tree, list) {
  const parts = children(tree, list)
  return parts.length === 1 && LISTS[tree.tag[parts[0]]] ? children(tree, parts[0]) : parts
}

/** Return whether a tab is a link to another page, or contains one. */
function leadsElsewhere(tree, tab) {
  const links = tree.tag[tab] === ID.a ? [tab] : tree.all(tab, ID.a)
  return links.some((link) => !/^(?:#|javascript:|$)/i.test(tree.get(link, HREF).trim()))
}

/**
 * Return the panels in or after a list of tabs, or else the parts of the element after it, or else the elements of one
 * kind after it.
 */
function panelsOf(tree, list, tabs, panels) {
  while (WRAPPERS[tree.tag[tree.parent[list]]] && isOnly(tree, list)) list = tree.parent[list]
  const from = tree.end[tabs[tabs.length - 1]]
  let end = 0
  const own = panels.filter((node) => {
    if (node < from || node >= tree.end[tree.parent[list]] || node < end) return false
    end = tree.end[node]
    return true
  })
  if (own.length || tree.get(list, ROLE) === 'tablist') return own
  const next = nextOf(tree, list)
  if (next < 0) return []
  const parts = tree.tag[next] === ID.div ? children(tree, next) : []
  return parts.length === tabs.length ? parts : alikeFrom(tree, next, tabs.length)
}

/** Return an element and those after it, up to the end of their parent, if they are of one class and not too many. */
function alikeFrom(tree, first, most) {
  const found = []
  const name = tree.get(first, CLASS)
  for (let node = first; node >= 0; node = nextOf(tree, node)) {
    if (!name || found.length === most) return []
    if (tree.tag[node] !== tree.tag[first] || tree.get(node, CLASS) !== name) return []
    found.push(node)
  }
  return found
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

/**
 * Label the parts directly behind buttons that open them, such as the answers of frequent questions.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 */
export function labelAnswers(tree, measure) {
  const found = []
  /** How many buttons have each label: one that several have says nothing about what it opens. @type {Map<string, number>} */
  const counts = new Map()
  for (const button of tree.lists[ID.button].slice(0, MOST)) {
    if (tree.gone[button] || isTitle(tree, button) || measure.length(button) > LONGEST) continue
    const answer = answerOf(tree, button)
    if (answer < 0 || !ANSWERS[tree.tag[answer]] || tree.marks[answer] & (ALWAYS | CLOSED) || tree.labels.has(answer)) continue
    const shortest = tree.marks[button] & FOLDED ? 1 : SHORTEST_ANSWER
    if (measure.prose(answer) < shortest || measure.linkShare(answer) > MOST_LINKS) continue
    const label = labelOf(tree, button)
    // The button of a table of contents is directly before the text of the page.
    if (tree.first(answer, ID.h1) >= 0 || (!label.endsWith('?') && measure.prose(answer) > MOST_OF_PAGE * measure.prose(0))) continue
    const isOpening = tree.has(button, EXPANDED) || tree.marks[answer] & FOLDED || tree.marks[button] & FOLDED || label.endsWith('?')
    if (!isOpening || NO_LABEL.test(label) || OF_CONTROLS.test(label)) continue
    counts.set(label, (counts.get(label) ?? 0) + 1)
    found.push([answer, button, label])
  }
  for (const [answer, button, label] of found) {
    if (counts.get(label) !== 1) continue
    setLabel(tree, answer, button)
    tree.marks[answer] |= FOLDED
  }
}

/** Return the element behind a button, or behind the elements that contain nothing else; or -1. */
function answerOf(tree, button) {
  let node = button
  for (let level = 0; level < LEVELS; level++) {
    const next = nextOf(tree, node)
    if (next >= 0) return next
    if (!isOnly(tree, node) || !WRAPPERS[tree.tag[tree.parent[node]]]) return -1
    node = tree.parent[node]
  }
  return -1
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

/** Return the text of a tab, without its icons. */
export function labelOf(tree, tab) {
  let text = ''
  const end = tree.end[tab]
  for (let node = tab + 1; node < end && text.length < LONGEST; node++) {
    if (tree.tag[node] === 0) text += tree.raw(node)
    else if (tree.tag[node] === ID.svg) node = tree.end[node] - 1
  }
  return decoded(text).trim().replace(/\s+/g, ' ').slice(0, LONGEST)
}
