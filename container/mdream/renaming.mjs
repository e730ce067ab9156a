// Give many elements the name of another one.
import { LISTED } from './tree.mjs'

/**
 * Give elements the name of another one. The lists of names are changed once, not once for each element.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {number[]} nodes
 * @param {number} tag
 */
export function renameAll(tree, nodes, tag) {
  const renamed = new Set(nodes)
  for (const old of new Set(nodes.map((node) => tree.tag[node]))) if (LISTED[old]) remove(tree.lists[old], renamed)
  for (const node of renamed) tree.tag[node] = tag
  if (LISTED[tag]) {
    for (const node of renamed) tree.lists[tag].push(node)
    tree.lists[tag].sort((one, other) => one - other)
  }
  tree.changes++
}

function remove(list, nodes) {
  let length = 0
  for (const node of list) if (!nodes.has(node)) list[length++] = node
  list.length = length
}
