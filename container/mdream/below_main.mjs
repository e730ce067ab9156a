// The text below the main part: of a list or an offer, where many shops describe a category, and the footnotes of a text.
import { ALWAYS, BESIDE, COMMENTS, OFFER, OUTSIDE, RELATED } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE, countBelow } from './tree.mjs'

/** Kinds of pages whose list or offer can be marked as the main part without the text below it. */
const WITH_TEXT_BELOW = new Set(['collection', 'listing', 'product', 'service'])
/** Minimum characters of prose in a text below the main part. */
const LONG_TEXT = 600
/** Minimum characters of prose in a paragraph, and minimum number of such paragraphs. */
const LONG_PARAGRAPH = 80
const FEWEST_PARAGRAPHS = 2
/** Share of links from which a part is a list of links. */
const MOST_LINKED = 0.2

/** Links that are examined below the main part, and in it. */
const MOST_LINKS = 5000
/** Names of the part that contains the footnotes. */
const NOTES = /(?:foot|end)-?notes?(?:[\s_-]|$)/i

const NO_TEXT = ALWAYS | BESIDE | COMMENTS | OFFER | OUTSIDE | RELATED
const FRAME_TAGS = ids('aside', 'footer', 'header')

/**
 * Return the outermost parts below the main part that contain only prose with its headings and lists.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the whole page.
 * @param {number} main
 * @param {import('./page_type.mjs').PageType} pageType
 * @returns {number[]} Nodes in the order of the source.
 */
export function belowMain(tree, measure, main, pageType) {
  if (main === 0) return []
  const notes = notesBelow(tree, main)
  if (notes >= 0) return [notes]
  if (!WITH_TEXT_BELOW.has(pageType)) return []
  const isAfter = (node) => node >= tree.end[main]
  const frames = tree.toldBelow(0, (node) => isAfter(node) && (tree.marks[node] & NO_TEXT || FRAME_TAGS[tree.tag[node]]))
  const paragraphs = tree.all(0, ID.p).filter((node) => isAfter(node) && measure.prose(node) >= LONG_PARAGRAPH)
  const found = []
  let [frame, paragraph] = [0, 0]
  for (let node = tree.end[main]; node < tree.end[0];) {
    while (frames[frame] < node) frame++
    while (paragraphs[paragraph] < node) paragraph++
    const end = tree.end[node]
    const isShort = tree.gone[node] || !(paragraphs[paragraph + FEWEST_PARAGRAPHS - 1] < end) || measure.prose(node) < LONG_TEXT
    if (isShort || frames[frame] === node || tree.tag[node] === ID.form) {
      node = end
    } else if (!(frames[frame] < end) && measure.linkShare(node) < MOST_LINKED && tree.first(node, ID.form) < 0) {
      found.push(node)
      node = end
    } else {
      node++
    }
  }
  return found
}

/** Return the part below the main part that contains its footnotes, or -1: its first link leads back to a reference. */
function notesBelow(tree, main) {
  const isBefore = (node) => node < tree.end[main]
  const links = tree.lists[ID.a]
  const from = countBelow(links, links.length, tree.end[main])
  for (const link of links.slice(from, from + MOST_LINKS)) {
    const part = tree.get(link, ATTRIBUTE.href).startsWith('#') ? notesAround(tree, link) : -1
    if (part < 0 || isBefore(part) || tree.gone[part]) continue
    const back = tree.get(link, ATTRIBUTE.href).slice(1)
    const references = tree.all(main, ID.a).slice(0, MOST_LINKS)
    return references.some((one) => tree.get(one, ATTRIBUTE.id) === back || tree.get(one, ATTRIBUTE.name) === back) ? part : -1
  }
  return -1
}

/** Return the outermost element around a link that is named after footnotes, or -1. */
function notesAround(tree, link) {
  let found = -1
  for (let above = tree.parent[link]; above > 0; above = tree.parent[above]) if (NOTES.test(tree.get(above, ATTRIBUTE.class))) found = above
  return found
}
