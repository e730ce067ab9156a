// The raw facts of a page, as its author wrote them; the reader of the facts resolves character references.
import { navigationOf } from './navigation.mjs'
import { offerOf, publishedOf } from './structured.mjs'
import { ID } from './tags.mjs'
import { parseNoscript } from './parser.mjs'
import { ATTRIBUTE } from './tree.mjs'
import { INTEGRATION } from './tree_builder.mjs'
import { resolved, sourceOf } from './measure.mjs'

/** Links of one page; a page with more is a trap. */
const MOST_LINKS = 5000
/** Characters of an address; longer ones are traps or errors. */
const LONGEST_ADDRESS = 4000
/** Elements of a kind that are examined for facts. */
const MOST_EXAMINED = 5000
const MOST_METAS = 200
const MOST_RELATED = 200
/** Characters of a title or of the content of a `meta`. */
const LONGEST_TEXT = 4000
const MOST_SCRIPTS = 10
const RELATIONS = /(?:^|\s)(?:alternate|canonical|next|prev)(?:\s|$)/i
const NOT_FOLLOWED = /(?:^|\s)nofollow(?:\s|$)/i
const STRUCTURED = /"dateModified"\s*:\s*"([^"]{8,40})"/
const CHANGED = /(?:^|\s)updated(?:\s|$)/
const MOST_NOSCRIPTS = 200
const BOOK_CONTENTS = /(?:^|\/)toc(?:-[0-9a-f]{6,64})?\.js(?:[?#]|$)/
const LINK = /<(?:a|area|iframe)\s/i
const NUMBER_SIGN = 35
const AMPERSAND = 38

const { class: CLASS, content: CONTENT, datetime: DATETIME, href: HREF, hreflang: HREFLANG, itemprop: ITEMPROP, name: NAME,
  property: PROPERTY, rel: REL, src: SRC, type: TYPE } = ATTRIBUTE

/** Return the raw facts of a page from which only invisible parts were left out. */
export function factsOf(tree) {
  const heading = tree.first(0, ID.h1)
  const base = baseOf(tree)
  const { navigation, isMenu } = navigationOf(tree)
  return {
    lang: tree.lang,
    title: tree.title.slice(0, LONGEST_TEXT),
    heading: heading < 0 ? '' : sourceOf(tree, heading, LONGEST_TEXT),
    ...(base === null ? {} : { base }),
    metas: metasOf(tree),
    related: relatedOf(tree),
    dates: datesOf(tree),
    published: publishedOf(tree),
    offer: offerOf(tree),
    links: linksOf(tree),
    navigation,
    is_menu: isMenu,
    is_frameset: tree.lists[ID.frame].length > 0,
  }
}

/** Return the base address of a page's links: its `<base>`, or else its own address. */
export function originOf(tree, url) {
  const written = baseOf(tree)
  if (written === null) return url
  try {
    const { href, protocol, username, password } = new URL(resolved(written), url)
    return /^https?:$/.test(protocol) && !username && !password ? href : url
  } catch {
    return url
  }
}

function baseOf(tree) {
  const base = inDocument(tree, ID.base, HREF)[0]
  return base === undefined ? null : tree.get(base, HREF).slice(0, LONGEST_ADDRESS)
}

/**
 * Return the elements of a kind that have an attribute and are part of the document: neither in a template nor elements
 * of SVG or MathML.
 */
function inDocument(tree, tag, attribute) {
  const found = tree.lists[tag].filter((node) => tree.has(node, attribute))
  return found.slice(0, MOST_EXAMINED).filter((node) => isInDocument(tree, node))
}

function isInDocument(tree, node) {
  let isHtml = false
  for (let above = tree.parent[node]; above > 0; above = tree.parent[above]) {
    const tag = tree.tag[above]
    if (tag === ID.template) return false
    if (INTEGRATION[tag]) isHtml = true
    if (tag !== ID.svg && tag !== ID.math) continue
    if (!isHtml) return false
    isHtml = false
  }
  return true
}

function metasOf(tree) {
  const found = []
  for (const node of inDocument(tree, ID.meta, CONTENT)) {
    const name = tree.get(node, NAME) || tree.get(node, PROPERTY)
    found.push([name, tree.get(node, ATTRIBUTE['http-equiv']), tree.get(node, CONTENT).slice(0, LONGEST_TEXT)])
    if (found.length === MOST_METAS) break
  }
  return found
}

function relatedOf(tree) {
  const found = []
  for (const node of inDocument(tree, ID.link, HREF)) {
    const rel = tree.get(node, REL)
    if (!RELATIONS.test(rel)) continue
    const href = tree.get(node, HREF).slice(0, LONGEST_ADDRESS)
    found.push([rel, href, tree.get(node, TYPE), tree.get(node, HREFLANG)])
    if (found.length === MOST_RELATED) break
  }
  return found
}

/** Return the dates of the last change: from structured data, then from `time` elements. */
function datesOf(tree) {
  const found = []
  const scripts = tree.lists[ID.script].filter((node) => tree.get(node, TYPE).toLowerCase() === 'application/ld+json')
  for (const node of scripts.slice(0, MOST_SCRIPTS)) {
    const stated = STRUCTURED.exec(tree.slice(tree.to[node], tree.closeFrom[node]))
    if (stated !== null) found.push(stated[1])
  }
  const time = tree.lists[ID.time].find(
    (node) => tree.get(node, ITEMPROP).toLowerCase() === 'datemodified' || CHANGED.test(tree.get(node, CLASS)),
  )
  if (time !== undefined) found.push(tree.get(time, DATETIME).slice(0, 100))
  return found
}

/** Return the targets of the links of a page, each once, without fragments. */
function linksOf(tree) {
  const found = new Set()
  for (const kind of [ID.a, ID.area]) for (const node of tree.lists[kind]) note(tree, node, HREF, found)
  for (const kind of [ID.frame, ID.iframe]) for (const node of tree.lists[kind]) note(tree, node, SRC, found)
  // The crawler runs no scripts, so links in `noscript` are followed.
  for (const outer of tree.lists[ID.noscript].slice(0, MOST_NOSCRIPTS)) {
    if (!LINK.test(tree.slice(tree.to[outer], tree.closeFrom[outer]))) continue
    const inner = parseNoscript(tree, outer)
    for (const kind of [ID.a, ID.area]) for (const node of inner.lists[kind]) note(inner, node, HREF, found)
    // Such as the table of contents of a book, which a script builds if scripts run.
    for (const node of inner.lists[ID.iframe]) note(inner, node, SRC, found)
  }
  // It contains the table of contents of a book, which may not exist elsewhere for readers without scripts.
  for (const node of tree.lists[ID.script]) if (BOOK_CONTENTS.test(tree.get(node, SRC))) note(tree, node, SRC, found)
  return [...found]
}

function note(tree, node, attribute, found) {
  let address = null
  const end = tree.endOfAttributes[node]
  for (let place = tree.firstAttribute[node]; place < end; place++) {
    const name = tree.attributeName[place]
    if (name === REL && NOT_FOLLOWED.test(tree.value(place))) return
    if (name === attribute && address === null) {
      if (tree.codes[tree.attributeFrom[place]] === NUMBER_SIGN) return
      address = tree.value(place)
    }
  }
  if (!address || found.size >= MOST_LINKS) return
  address = withoutFragment(address)
  if (address.length <= LONGEST_ADDRESS) found.add(address)
}

function withoutFragment(address) {
  let at = address.indexOf('#')
  // A reference such as `&#38;` does not begin a fragment.
  while (at > 0 && address.charCodeAt(at - 1) === AMPERSAND) at = address.indexOf('#', at + 1)
  return at < 0 ? address : address.slice(0, at)
}
