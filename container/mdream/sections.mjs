// Tell the sections of one text from several texts.
import { children, holds } from './measure.mjs'
import { ALWAYS, BESIDE, COMMENTS, CONTENTS, OFFER, OUTSIDE, RELATED } from './names.mjs'
import { ID, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum share of links, and minimum characters of prose of a section. */
const MOST_LINKED = 0.5
const SOME_PROSE = 80
const SHORT_PROSE = 20
/** Minimum characters of numbered steps, minimum number of steps, maximum share of links in them, and lists that are read. */
const LONG_STEPS = 150
const FEWEST_STEPS = 3
const FEW_LINKS = 0.1
const MOST_LISTS = 50
const NOISE = ALWAYS | BESIDE | COMMENTS | CONTENTS | OFFER | OUTSIDE | RELATED
const FRAME_TAGS = ids('aside', 'footer', 'form', 'header', 'nav')
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')

/**
 * Return whether articles are the entries of one page, such as the functions of a module: siblings of the same class.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number[]} articles
 */
export function areSections(tree, measure, articles) {
  const [first] = articles
  return articles.length > 1 && articles.every((one) => isAlike(tree, one, first) && measure.linkShare(one) < MOST_LINKED)
}

/**
 * Return whether a part has a sibling that is another section of the same text, with some prose: of the same class, or in
 * documentation with a heading.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number} part
 * @param {import('./page_type.mjs').PageType} pageType
 */
export function hasSectionsBeside(tree, measure, part, pageType) {
  const isNamed = tree.get(part, ATTRIBUTE.class) !== ''
  return children(tree, tree.parent[part]).some((other) => {
    if (other === part || measure.linkShare(other) >= MOST_LINKED) return false
    const isTitled = holds(tree, other, HEADINGS)
    if (measure.prose(other) < (isTitled ? SHORT_PROSE : SOME_PROSE)) return false
    return isNamed && isAlike(tree, other, part) ? true : isTitled && pageType === 'documentation' && !isFrame(tree, other)
  })
}

/** Return whether a node is in an article. */
export function isInArticle(tree, node) {
  for (let above = tree.parent[node]; above > 0; above = tree.parent[above]) if (tree.tag[above] === ID.article) return true
  return false
}

/**
 * Return the part to write if an article is the text of a page: the article, or the part around it if numbered steps of
 * the same text are beside it, as on pages of recipes.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure
 * @param {number} article
 * @param {number} top The main part, or 0.
 */
export function withSteps(tree, measure, article, top) {
  const lists = []
  for (let node = top; node < tree.end[top] && lists.length < MOST_LISTS; node = node === article ? tree.end[node] : node + 1) {
    if (tree.tag[node] === ID.ol && !tree.gone[node]) lists.push(node)
  }
  const steps = lists.find((list) => measure.prose(list) >= LONG_STEPS && measure.linkShare(list) < FEW_LINKS
    && children(tree, list).filter((item) => measure.prose(item) >= SHORT_PROSE).length >= FEWEST_STEPS && !isInFrame(tree, list, top))
  if (steps === undefined) return article
  let part = article
  while (part > top && (steps < part || tree.end[part] <= steps)) part = tree.parent[part]
  return part
}

/** Return whether a node is in a part that is named as noise, or in a frame of the page. */
function isInFrame(tree, node, top) {
  for (let above = node; above > top; above = tree.parent[above]) if (isFrame(tree, above)) return true
  return false
}

function isAlike(tree, one, other) {
  return tree.parent[one] === tree.parent[other] && tree.tag[one] === tree.tag[other]
    && tree.get(one, ATTRIBUTE.class) === tree.get(other, ATTRIBUTE.class)
}

function isFrame(tree, node) {
  return Boolean(tree.marks[node] & NOISE) || FRAME_TAGS[tree.tag[node]] === 1
}
