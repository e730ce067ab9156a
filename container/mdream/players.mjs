// Videos that scripts load into a place of the page: the place becomes an element for a video.
import { decodedAttribute } from './references.mjs'
import { textOf } from './measure.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE, countBelow } from './tree.mjs'

const MOST = 100
/** Characters of the settings of a place. */
const LONGEST_SETTINGS = 10_000
const WISTIA = 'wistia_async_'
const WISTIA_ID = /wistia_async_([a-z0-9]{1,40})/

/**
 * Find the places of videos by the settings of Elementor and by the classes of Wistia.
 *
 * @param {import('./tree.mjs').Tree} tree
 */
export function readPlayers(tree) {
  for (const [node, settings] of valuesOf(tree, ATTRIBUTE['data-settings'], '_url')) setFilm(tree, node, filmOf(settings))
  // A text of at most six characters is found three times as fast.
  if (!tree.codes.includes('_async') || !tree.codes.includes(WISTIA)) return
  for (const [node, names] of valuesOf(tree, ATTRIBUTE.class, WISTIA)) {
    const identity = WISTIA_ID.exec(names)?.[1]
    if (identity) setFilm(tree, node, `https://fast.wistia.net/embed/iframe/${identity}`)
  }
}

/** Set the film of an element, unless it contains a frame or a text of its own. */
function setFilm(tree, node, address) {
  if (!address || tree.first(node, ID.iframe) >= 0 || textOf(tree, node, 1)) return
  tree.rename(node, ID['lite-youtube'])
  tree.embedded.set(node, address)
}

/** Return the nodes whose attribute contains a word, with its values. */
function valuesOf(tree, name, word) {
  const found = []
  const names = tree.attributeName
  for (let place = names.indexOf(name); place >= 0 && place < tree.attributes && found.length < MOST; place = names.indexOf(name, place + 1)) {
    if (tree.attributeTo[place] - tree.attributeFrom[place] > LONGEST_SETTINGS) continue
    const value = tree.value(place)
    const node = value.includes(word) ? nodeOf(tree, place) : -1
    if (node > 0) found.push([node, value])
  }
  return found
}

/** Return the node with an attribute, or -1. */
function nodeOf(tree, place) {
  let node = countBelow(tree.firstAttribute, tree.count, place + 1) - 1
  while (node > 0 && tree.endOfAttributes[node] <= tree.firstAttribute[node] && tree.firstAttribute[node] >= place) node--
  return node > 0 && tree.firstAttribute[node] <= place && place < tree.endOfAttributes[node] ? node : -1
}

/** Return the address in the settings of a widget, or an empty text. */
function filmOf(settings) {
  try {
    const said = JSON.parse(decodedAttribute(settings))
    const address = said[`${said.video_type ?? 'youtube'}_url`]
    return typeof address === 'string' && address.startsWith('http') ? address : ''
  } catch {
    return ''
  }
}
