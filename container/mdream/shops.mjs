// Titles and prices that themes of shops contain twice, of which a style shows one.
import { textOf } from './measure.mjs'
import { ID } from './tags.mjs'
import { ATTRIBUTE, countBelow } from './tree.mjs'

const { class: CLASS, href: HREF } = ATTRIBUTE
const MOST = 1000
/** Characters of a badge between two equal titles. */
const LONGEST_BADGE = 20
const CARD = /(?:^|[\s_-])card/
const PRICE = /(?:^|\s)price(?:\s|$)/
const ON_SALE = /(?:^|\s)price--on-sale(?:\s|$)/
const USUAL = /(?:^|\s)price__regular(?:\s|$)/
const REDUCED = /(?:^|\s)price__sale(?:\s|$)/
const LEVELS = 3

/**
 * Leave out headings that repeat the heading before them without a text between them: the first of two with the same
 * link in a card, and the one below the heading of the page.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the main part.
 * @param {number} main
 */
export function leaveOutTitles(tree, measure, main) {
  const headings = [ID.h1, ID.h2, ID.h3, ID.h4, ID.h5].flatMap((tag) => tree.all(main, tag)).sort((one, other) => one - other)
  for (let place = 1; place < Math.min(headings.length, MOST); place++) {
    const [first, second] = [headings[place - 1], headings[place]]
    if (tree.gone[first] || tree.gone[second] || measure.length(first) !== measure.length(second)) continue
    if (measure.before[second] - measure.before[tree.end[first]] > LONGEST_BADGE || hasPicture(tree, first, second)) continue
    const target = targetOf(tree, second)
    const isOfPage = tree.tag[first] === ID.h1 && tree.tag[second] !== ID.h1
    const isOfCard = target === targetOf(tree, first) && isInCard(tree, first)
    if (!target || !(isOfPage || isOfCard) || textOf(tree, first) !== textOf(tree, second)) continue
    tree.leaveOut(isOfPage ? second : first)
  }
}

/** Return whether a heading is part of a card, by the classes around it. */
function isInCard(tree, heading) {
  for (let above = tree.parent[heading], level = 0; above > 0 && level < LEVELS; above = tree.parent[above], level++) {
    if (tree.hasAttributes(above) && CARD.test(tree.get(above, CLASS))) return true
  }
  return false
}

/** Return the address of the link in or around a heading. */
function targetOf(tree, heading) {
  const link = tree.tag[tree.parent[heading]] === ID.a ? tree.parent[heading] : tree.first(heading, ID.a)
  return link < 0 ? '' : tree.get(link, HREF)
}

function hasPicture(tree, from, to) {
  const images = tree.lists[ID.img]
  return images[countBelow(images, images.length, from)] < to
}

/** Leave out the usual price of an article on sale, and the reduced price of another one. */
export function leaveOutPrices(tree, main) {
  // A text of at most six characters is found three times as fast.
  if (!tree.codes.includes('__sale') || !tree.codes.includes('price__sale')) return
  const end = tree.end[main]
  for (let node = main + 1; node < end; node++) {
    if (tree.gone[node] || !tree.hasAttributes(node)) continue
    const names = tree.get(node, CLASS)
    const isUsual = USUAL.test(names)
    if (!isUsual && !REDUCED.test(names)) continue
    const states = statesOf(tree, node)
    // The part for a price on sale contains the usual price, too.
    if (states && ON_SALE.test(states) === isUsual) tree.leaveOut(node)
  }
}

/** Return the classes of the price around one of its forms, or an empty text. */
function statesOf(tree, node) {
  for (let above = tree.parent[node], level = 0; above > 0 && level < LEVELS; above = tree.parent[above], level++) {
    const names = tree.get(above, CLASS)
    if (PRICE.test(names)) return names
  }
  return ''
}
