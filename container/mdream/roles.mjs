// Read elements without a meaning of their own as the elements that their roles name, and grids as tables.
import { partsOfGrid } from './grids.mjs'
import { OF_ROLE } from './names.mjs'
import { renameAll } from './renaming.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const { 'aria-level': LEVEL, role: ROLE } = ATTRIBUTE
const TAGS = new Map([
  ['table', ID.table], ['row', ID.tr], ['cell', ID.td], ['rowheader', ID.th], ['columnheader', ID.th],
])
/** Level of a heading that states none, as the ARIA standard says. */
const USUAL_LEVEL = 2
/** Elements of a page that are renamed. */
const MOST_ELEMENTS = 5000

/** Replace the names of elements by those that their roles name. @param {import('./tree.mjs').Tree} tree */
export function readRoles(tree) {
  if (!(tree.says & OF_ROLE)) return
  let left = MOST_ELEMENTS
  /** The elements of each new name. @type {Map<number, number[]>} */
  const found = new Map()
  for (let place = 0; place < tree.toldOnes; place++) {
    const node = tree.told[place]
    if (!(tree.marks[node] & OF_ROLE)) continue
    tree.marks[node] &= ~OF_ROLE
    if (left-- <= 0) continue
    const role = tree.get(node, ROLE).trim().toLowerCase()
    const tag = role === 'heading' ? ID[`h${levelOf(tree, node)}`] : TAGS.get(role)
    const parts = tag === undefined ? partsOfGrid(tree, node) : [[node, tag]]
    left -= parts.length
    for (const [part, name] of parts) {
      if (!found.has(name)) found.set(name, [])
      found.get(name)?.push(part)
    }
  }
  for (const [tag, nodes] of found) renameAll(tree, nodes, tag)
}

function levelOf(tree, node) {
  const level = Number(tree.get(node, LEVEL))
  return Number.isInteger(level) && level >= 1 && level <= 6 ? level : USUAL_LEVEL
}
