// Determine the page type before the main part is chosen, because the same names mark text on some page types and
// noise on others. The evidence is the page's metadata, its address and its elements.
import { holds, outermost } from './measure.mjs'
import { COMMENTS } from './names.mjs'
import { HEADING, ID, PROPERTIES } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/**
 * @typedef {'article' | 'documentation' | 'forum' | 'product' | 'collection' | 'listing' | 'service'} PageType
 */

const MOST_SCRIPTS = 20
const MOST_METAS = 200
/** Maximum characters of a script of structured data that are searched. */
const LONGEST_SCRIPT = 200_000
/**
 * Minimum characters of prose in an article without metadata, and minimum share of its long paragraphs in the prose.
 */
const LONG_PROSE = 300
const MOST_OF_PROSE = 0.6
const LONG_PARAGRAPH = 80
/** Minimum number of articles on a page that lists them, and maximum share of one of them in their prose. */
const FEWEST_ITEMS = 5
const LARGEST_ITEM = 0.3

const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))

const TYPE_IN_DATA = /"@type"\s*:\s*(?:\[\s*)?"([A-Za-z]+)"/g
const TYPE_IN_ATTRIBUTE = /schema\.org\/([A-Za-z]+)/i
const FORUM_GENERATOR = /discourse|phpbb|vbulletin|xenforo|simple ?machines|\bsmf\b|vanilla|flarum|mybb|invision|nodebb|fluxbb/i
const DOCUMENTATION_GENERATOR = new RegExp([
  'sphinx|mkdocs|docusaurus|gitbook|vitepress|vuepress|starlight|docutils|rustdoc|javadoc|doxygen|asciidoctor|mdbook|docsify',
  'dokuwiki|mediawiki|antora|jsdoc|typedoc|docbook|texinfo|makeinfo|hevea|pdoc',
].join('|'), 'i')

// Names of forum software, and parts of addresses.
const FORUM_HOST = /^(?:[\w-]+\.)*(?:forums?|boards?|community|discuss|discussions?|answers|talk|bbs)\./
const THREAD_PATH = /\/(?:viewtopic|showthread|threads?\/)|\/t\/(?:[^/]+\/)?\d+|[?&]topic=|\/r\/\w+\/comments\//
const FORUM_PATH = /\/(?:forums?|threads?|viewtopic|showthread|topics?|discussions?|questions|boards|comments)(?:[/.?-]|$)/
const DOCUMENTATION_HOST = /^(?:[\w-]+\.)*(?:docs?|developers?|wiki|readthedocs|manual|man7)\./
const DOCUMENTATION_PATH = /\/(?:docs?|documentation|reference|manual|man\d?|api|api-reference|handbook|wiki|javadoc|tutorial)(?:\/|$)/
const PRODUCT_PATH = /\/(?:products?|p|dp|itm|item|pdp|app)\/[^/]+|\/listing\/\d+/
const COLLECTION_PATH = /\/(?:collections?|c|cat|category|categories|product-category|shop|browse|shopping|catalog|best-sellers[^/]*|w|b|l)(?:\/[^/]*){0,2}\/?$/i
const LISTING_PATH = /\/(?:blog|news|category|categories|tags?|topics?|archives?|jobs|events|issues|recipes|programs|reviews|lists?|search)(?:\/[^/]*)?\/?$/i
const ARTICLE_PATH = /\/(?:19|20)\d\d\/\d\d?\/|\/(?:blog|news|article|articles|story|stories|post|posts)\/[^/]*(?:-[^/]*){2}/

/** Return the type of a page.
 *
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./measure.mjs').Measure} measure Lengths of the visible parts.
 * @param {string} url
 * @returns {PageType}
 */
export function pageTypeOf(tree, measure, url) {
  const said = saidTypes(tree)
  const metas = metasOf(tree)
  const { host, path } = partsOf(url)
  const generator = metas.get('generator') ?? ''
  const kind = (metas.get('og:type') ?? '').toLowerCase()
  const products = said.get('product') ?? 0
  const isForumSoftware = FORUM_GENERATOR.test(generator)
  const scores = {
    forum: points(isForumSoftware, 5) + points(said.has('discussionforumposting') || said.has('qapage') || (said.has('question') && !said.has('faqpage')), 5)
      + points(FORUM_HOST.test(host), 2) + points(THREAD_PATH.test(path), 3) + points(FORUM_PATH.test(path), 2)
      + points((said.get('comment') ?? 0) > 2, 2) + points(isDiscussion(tree, measure), 4),
    product: points(products > 0 && products < 4 && !said.has('itemlist'), 3) + points(said.has('productgroup'), 4)
      + points(kind === 'product' || kind === 'og:product' || kind.endsWith(':item'), 3) + points(PRODUCT_PATH.test(path), 3),
    collection: points(kind === 'product.group', 5) + points(products >= 4 && !said.has('productgroup'), 2)
      + points(said.has('offercatalog') || said.has('someproducts'), 1) + points(COLLECTION_PATH.test(path), 3),
    documentation: points(DOCUMENTATION_GENERATOR.test(generator), 4) + points(DOCUMENTATION_HOST.test(host), 3)
      + points(DOCUMENTATION_PATH.test(path), 3) + points(tree.lists[ID.pre].length >= 3, 1) + points(said.has('techarticle'), 1),
    article: points(said.has('newsarticle') || said.has('blogposting') || said.has('article') || said.has('recipe'), 3)
      + points(kind === 'article', 2) + points(ARTICLE_PATH.test(path), 2) + points(isProse(tree, measure), 3),
    listing: points(LISTING_PATH.test(path), 2) + points(LISTING_PATH.test(path) && tree.lists[ID.article].length > 2, 1) + points(said.has('collectionpage') || said.has('itemlist'), 2)
      + points(measure.linkShare(0) > 0.5, 1) + points(path.length < 2 && tree.lists[ID.article].length > 4, 4),
  }
  let best = 'service'
  let most = 2
  for (const [type, score] of Object.entries(scores)) {
    if (score > most) {
      best = type
      most = score
    }
  }
  return /** @type {PageType} */ (best)
}

function points(holds, number) {
  return holds ? number : 0
}

/** Return whether most prose of a page was written by its readers. */
function isDiscussion(tree, measure) {
  if (!(tree.says & COMMENTS)) return false
  let end = 0
  let written = 0
  for (const node of tree.toldBelow(0, (one) => tree.marks[one] & COMMENTS)) {
    if (node < end) continue
    end = tree.end[node]
    written += measure.prose(node)
  }
  return written > LONG_PARAGRAPH && written > MOST_OF_PROSE * measure.prose(0)
}

/** Return whether a page consists mostly of long paragraphs. */
function isProse(tree, measure) {
  let paragraphs = 0
  for (const node of tree.lists[ID.p]) {
    if (!tree.gone[node] && measure.prose(node) >= LONG_PARAGRAPH) paragraphs += measure.prose(node)
  }
  return paragraphs > LONG_PROSE && paragraphs > MOST_OF_PROSE * measure.prose(0) && !isOfItems(tree, measure)
}

/** Return whether a page consists of several articles with headings, none of which is the main one. */
function isOfItems(tree, measure) {
  // Comments of readers may be articles, too, but have no headings.
  const items = outermost(tree, tree.lists[ID.article]).filter((node) => !tree.gone[node] && holds(tree, node, HEADINGS))
  if (items.length < FEWEST_ITEMS) return false
  let all = 0
  let longest = 0
  for (const node of items) {
    all += measure.prose(node)
    longest = Math.max(longest, measure.prose(node))
  }
  return all > MOST_OF_PROSE * measure.prose(0) && longest < LARGEST_ITEM * all
}

/** Return the number of occurrences of each schema.org type in the page, by its name in lower case. */
function saidTypes(tree) {
  const found = new Map()
  const count = (name) => found.set(name.toLowerCase(), (found.get(name.toLowerCase()) ?? 0) + 1)
  const scripts = tree.lists[ID.script].filter((node) => tree.get(node, ATTRIBUTE.type).toLowerCase() === 'application/ld+json')
  for (const node of scripts.slice(0, MOST_SCRIPTS)) {
    const end = Math.min(tree.closeFrom[node], tree.to[node] + LONGEST_SCRIPT)
    for (const match of tree.slice(tree.to[node], end).matchAll(TYPE_IN_DATA)) count(match[1])
  }
  for (const types of tree.typed) {
    const match = TYPE_IN_ATTRIBUTE.exec(types)
    if (match !== null) count(match[1])
  }
  return found
}

function metasOf(tree) {
  const found = new Map()
  for (const node of tree.lists[ID.meta].slice(0, MOST_METAS)) {
    const name = (tree.get(node, ATTRIBUTE.name) || tree.get(node, ATTRIBUTE.property)).toLowerCase()
    if ((name === 'generator' || name === 'og:type') && !found.has(name)) found.set(name, tree.get(node, ATTRIBUTE.content).trim())
  }
  return found
}

function partsOf(url) {
  try {
    const { hostname, pathname, search } = new URL(url)
    return { host: `${hostname.replace(/^www\./, '')}.`.slice(0, -1), path: pathname + search.slice(0, 100) }
  } catch {
    return { host: '', path: '' }
  }
}
