// Read the slots of declarative shadow roots: what a slot contains is shown only if nothing is assigned to it.
import { children, holds } from './measure.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Hosts of a page whose slots are read, and slots of one of them. */
const MOST_HOSTS = 2000
const MOST_SLOTS = 100
const BLOCKS = ids('div', 'p', 'span')

/**
 * Leave out what slots show without content, where a page gives content. What is assigned to the only slot of a heading
 * becomes the heading.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 */
export function readSlots(tree, measure) {
  if (!tree.source.includes('<slot')) return
  // Only the first root of a host is one.
  const hosts = new Set()
  for (let node = 0; node < tree.count && hosts.size < MOST_HOSTS; node++) {
    if (tree.tag[node] !== ID.template || tree.gone[node] || !tree.has(node, ATTRIBUTE.shadowrootmode)) continue
    if (!hosts.has(tree.parent[node])) readHost(tree, measure, node)
    hosts.add(tree.parent[node])
  }
}

function readHost(tree, measure, template) {
  const host = tree.parent[template]
  const given = new Map()
  for (const part of children(tree, host)) if (part !== template) given.set(tree.get(part, ATTRIBUTE.slot), part)
  const hasText = measure.length(host) > measure.length(template) && isUnnamed(tree, host, template)
  for (const slot of slotsOf(tree, template)) {
    const part = given.get(tree.get(slot, ATTRIBUTE.name))
    if (part === undefined && !(hasText && !tree.has(slot, ATTRIBUTE.name))) continue
    const heading = tree.parent[slot]
    const isTitle = PROPERTIES[tree.tag[heading]] & HEADING && measure.length(heading) === measure.length(slot)
    if (isTitle && part !== undefined && BLOCKS[tree.tag[part]] && !holds(tree, part, BLOCKS)) tree.rename(part, tree.tag[heading])
    tree.leaveOut(slot)
  }
}

/** Return the slots of a shadow root, without those of the hosts in it. */
function slotsOf(tree, template) {
  const found = []
  for (let node = template + 1; node < tree.end[template] && found.length < MOST_SLOTS; node++) {
    if (tree.tag[node] === ID.template) node = tree.end[node] - 1
    else if (tree.tag[node] === ID.slot && !tree.gone[node]) found.push(node)
  }
  return found
}

/** Return whether text directly in a host is assigned to its slot without a name. */
function isUnnamed(tree, host, template) {
  for (let node = host + 1; node < tree.end[host]; node = tree.end[node]) {
    if (node !== template && tree.tag[node] === 0 && tree.size[node] > 0) return true
  }
  return false
}
