// End tags of formatting elements that lie across blocks: the "adoption agency algorithm" of the HTML standard.
import { MARKER } from './open_elements.mjs'
import { FORMATTING, ID, PROPERTIES, SCOPE, SPECIAL } from './tags.mjs'

/** Rounds of the algorithm for one end tag, as the standard defines. */
const ROUNDS = 8
/** Nodes that may move in one page; beyond them formatting ends where its block ends, which keeps the time linear. */
const MOST_MOVES = 1 << 21

/**
 * Close a formatting element. Blocks that are open within it leave it and get a copy of it around their content.
 *
 * @param {import('./tree_builder.mjs').TreeBuilder} builder
 * @param {number} tag Number of its name.
 * @returns {number} The element that its end tag belongs to, or -1.
 */
export function adopt(builder, tag) {
  const { tree, formatting } = builder
  const { top } = builder
  if (tree.tag[top] === tag && !formatting.includes(top)) {
    builder.pop()
    return top
  }
  let closed = -1
  for (let round = 0; round < ROUNDS; round++) {
    const place = lastOf(builder, tag)
    if (place < 0) return round ? closed : builder.closeOther(tag)
    const element = formatting[place]
    const state = stateOf(builder, element)
    if (state === CLOSED) {
      formatting.splice(place, 1)
      return closed
    }
    if (state === OUT_OF_SCOPE) return closed
    const block = furthestBlock(builder, element)
    if (block < 0) {
      formatting.splice(place, 1)
      builder.popUpTo(element)
      return round ? closed : element
    }
    if (tree.moves + tree.count - block > MOST_MOVES) {
      formatting.splice(place, 1)
      rename(builder, element)
      return closed
    }
    moveOut(builder, element, block, place)
    closed = -1
  }
  return closed
}

const OPEN = 0
const CLOSED = 1
const OUT_OF_SCOPE = 2

function stateOf(builder, element) {
  const { tree } = builder
  let state = OPEN
  for (let node = builder.top; node >= element; node = tree.parent[node]) {
    if (node === element) return state
    if (PROPERTIES[tree.tag[node]] & SCOPE) state = OUT_OF_SCOPE
  }
  return CLOSED
}

function lastOf(builder, tag) {
  const { formatting, tree } = builder
  for (let place = formatting.length - 1; place >= 0 && formatting[place] !== MARKER; place--) {
    if (tree.tag[formatting[place]] === tag) return place
  }
  return -1
}

/** Return the outermost special element that is open within a formatting element, or -1. */
function furthestBlock(builder, element) {
  const { tree } = builder
  let found = -1
  for (let node = builder.top; node !== element; node = tree.parent[node]) {
    if (PROPERTIES[tree.tag[node]] & SPECIAL) found = node
  }
  return found
}

/** Ignore a formatting element from now on. */
function rename(builder, element) {
  builder.open[builder.tree.tag[element]]--
  builder.tree.tag[element] = ID.span
  builder.open[ID.span]++
}

function moveOut(builder, element, block, place) {
  const { tree, formatting, open } = builder
  const between = []
  for (let node = tree.parent[block]; node !== element; node = tree.parent[node]) between.unshift(node)
  const around = tree.parent[element]
  // Formatting that is open between the element and the block ends before the block.
  for (const node of [element, ...between]) {
    tree.end[node] = block
    open[tree.tag[node]]--
    builder.depth--
  }
  let parent = around
  let at = block
  const insert = (original) => {
    tree.moves += tree.count - at + 1
    tree.insertCopy(original, parent, at)
    if (builder.top >= at) builder.top++
    for (let entry = 0; entry < formatting.length; entry++) if (formatting[entry] >= at) formatting[entry]++
    open[tree.tag[at]]++
    builder.depth++
    parent = at
    at++
  }
  // Formatting between the two continues around the block. By the standard, only the three nearest elements are
  // copied.
  for (const node of between.slice(-3)) {
    const entry = formatting.indexOf(node)
    if (entry < 0 || !(PROPERTIES[tree.tag[node]] & FORMATTING)) continue
    insert(node)
    formatting[entry] = at - 1
  }
  for (const node of between) {
    const entry = formatting.indexOf(node)
    if (entry >= 0) formatting.splice(entry, 1)
  }
  tree.parent[at] = parent
  const moved = at
  parent = moved
  at++
  insert(element)
  const copy = at - 1
  for (let node = copy + 1; node < tree.count; node++) if (tree.parent[node] === moved) tree.parent[node] = copy
  if (builder.top === moved) builder.top = copy
  const entry = formatting.indexOf(element, Math.min(place, formatting.length - 1))
  if (entry >= 0) formatting.splice(entry, 1)
  // The copy takes the place after the last formatting element that is open around it.
  let bookmark = formatting.length
  for (let one = 0; one < formatting.length; one++) if (formatting[one] > copy) { bookmark = one; break }
  formatting.splice(bookmark, 0, copy)
}
