// Cards with links to other pages below the end of a text: a linked title, often with a picture and a teaser.
import { children, holds } from './measure.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Characters of a card, and how many make a group. */
const LONGEST_CARD = 600
const FEWEST = 2
const MOST_CARDS = 0.7
/** Share of a card that is one link when it has no heading. */
const LINKED = 0.5
/** Share of the text that may be below its end, and characters of a paragraph. */
const BELOW_END = 0.1
const LONG_PARAGRAPH = 80
/** Characters of the text outside of cards, and its share of theirs, from which a page is a text and no list of cards. */
const SHORTEST_TEXT = 600
const SMALLEST_TEXT = 0.5
/** Groups below an article; more of them are what the page is about. */
const MOST_DOOMED = 4
/** Share of the text that the teasers of cards have at most. */
const LONGEST_TEASERS = 0.4
const MOST_GROUPS = 400

const GROUPS = ids('aside', 'div', 'ol', 'section', 'ul')
const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))
const FILE = /\.(?:csv|docx?|epub|ods|odt|pdf|pptx?|xlsx?|zip)(?:[?#]|$)/i
const IMAGES = ids('img')
const NUMBER_SIGN = 35

/**
 * Leave out groups of cards below the end of a text or above its beginning.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutCards(tree, measure, main) {
  const groups = groupsOf(tree, measure, main)
  if (!groups.length) return
  const { first, last, length } = textBetween(tree, measure, main, groups)
  const doomed = groups.filter((group) => group >= last || tree.end[group] <= first)
  if (doomed.length > MOST_DOOMED || length < SHORTEST_TEXT || length < sumOf(doomed, (group) => measure.length(group)) * SMALLEST_TEXT) return
  // Cards with long texts may be the content of the page.
  if (sumOf(doomed, (group) => measure.prose(group)) > length * LONGEST_TEASERS) return
  for (const group of doomed) tree.leaveOut(group)
}

function sumOf(nodes, length) {
  return nodes.reduce((sum, node) => sum + length(node), 0)
}

/** Return the outermost groups of cards. */
function groupsOf(tree, measure, main) {
  const found = []
  let examined = 0
  for (let node = main + 1; node < tree.end[main] && examined < MOST_GROUPS; node++) {
    if (tree.gone[node]) {
      node = tree.end[node] - 1
      continue
    }
    if (!GROUPS[tree.tag[node]] || !measure.linked(node)) continue
    examined++
    if (!isGroup(tree, measure, node)) continue
    found.push(node)
    node = tree.end[node] - 1
  }
  return found
}

function isGroup(tree, measure, node) {
  const all = children(tree, node)
  // A picture beside two links belongs to the text.
  if (all.some((part) => !measure.length(part) && isPicture(tree, part))) return false
  const parts = all.filter((part) => measure.length(part) > 0)
  if (parts.length < FEWEST) return false
  const cards = parts.filter((part) => isCard(tree, measure, part))
  return cards.length >= FEWEST && cards.length >= MOST_CARDS * parts.length
}

function isPicture(tree, part) {
  return tree.tag[part] !== ID.a && tree.first(part, ID.a) < 0 && (tree.tag[part] === ID.img || holds(tree, part, IMAGES))
}

function isCard(tree, measure, node) {
  if (measure.length(node) > LONGEST_CARD || !measure.linked(node) || HEADINGS[tree.tag[node]]) return false
  const link = tree.tag[node] === ID.a ? node : tree.first(node, ID.a)
  if (link < 0 || tree.codes[tree.attributeFrom[tree.placeOf(link, ATTRIBUTE.href)]] === NUMBER_SIGN) return false
  // A link to a file belongs to the text.
  if (FILE.test(tree.get(link, ATTRIBUTE.href))) return false
  const heading = headingOf(tree, node)
  if (heading >= 0) return measure.linkShare(heading) > LINKED || holds(tree, link, HEADINGS)
  return tree.tag[node] !== ID.p && tree.tag[node] !== ID.li && measure.linkShare(node) > LINKED
}

function headingOf(tree, top) {
  for (let node = top; node < tree.end[top]; node++) if (HEADINGS[tree.tag[node]] && !tree.gone[node]) return node
  return -1
}

/** Return the beginning, the end and the length of the text: its paragraphs outside of cards, except a few at its end. */
function textBetween(tree, measure, main, groups) {
  const paragraphs = []
  let whole = 0
  let place = 0
  for (const node of tree.all(main, ID.p)) {
    while (place < groups.length && tree.end[groups[place]] <= node) place++
    if (place < groups.length && groups[place] <= node) continue
    const length = measure.prose(node)
    if (length < LONG_PARAGRAPH) continue
    paragraphs.push([node, length])
    whole += length
  }
  let last = main
  let before = 0
  for (const [node, length] of paragraphs) {
    before += length
    if (before - length < (1 - BELOW_END) * whole) last = node
  }
  return { first: paragraphs[0]?.[0] ?? tree.end[main], last, length: whole }
}
