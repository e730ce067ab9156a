// Read the navigation of a page: the links of its menus, sidebars and tables of contents, with the names of their
// sections.
import { ALWAYS, AUTHOR, BESIDE, COMMENTS, OFFER, OUTSIDE, RELATED, REVIEWS } from './names.mjs'
import { holds } from './measure.mjs'
import { Judgements } from './judgements.mjs'
import { HEADING, ID, NEVER, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

/** Maximum number of links that are read from one page. */
const MOST_LINKS = 2000
/** Characters after which a label is cut. */
const LONGEST_LABEL = 200
/** Maximum number of menus that are read from one page. */
const MOST_MENUS = 300
/** Maximum depth of a menu. */
const DEEPEST = 40
/** Bytes of a class or id that are examined. */
const LONGEST_NAME = 500
/** Share of a page's text in links to another frame from which the page is the menu of a frameset. */
const MENU = 0.6

const NAMED = /(?:^|[\s_-])(?:side-?bar|side-?nav|sphinxsidebar|menu|menubar|toc|nav|navbar|navigation|chapter)(?:[\s_-]|$)/i
const NOT_OF_SITE = /crumb|pagination|pager|pagenav|prev(?:ious)?(?:[\s_-]|$)|share|social|lang(?:uage)?s?(?:[\s_-]|$)|locale|on-?this-?page|tag-?cloud|recent|archives/i
const OTHER_NAMES = new Judgements((tree, from, to) => (NOT_OF_SITE.test(tree.slice(from, to)) ? 1 : 0), LONGEST_NAME)
const CAPTION = /(?:^|[\s_-])(?:caption|part-title|(?:nav|menu|sidebar|group)[-_]+(?:title|heading|label|header))/i
const GROUP = /group|section|category|collaps|submenu|sidebar-?item/i
const SEQUENCE = /(?:^|\s)(?:next|prev)(?:\s|$)/i
const CURRENT = /(?:^|[\s_-])(?:current|active|selected)/i
const OWN_FRAME = /^_(?:blank|self)$|^$/i
const WORD = /[\p{L}\p{N}]/u
const NOISE = RELATED | AUTHOR | OFFER | REVIEWS | COMMENTS

const LISTS = ids('dl', 'menu', 'ol', 'ul')
const HEADINGS = Uint8Array.from(PROPERTIES, (properties) => (properties & HEADING ? 1 : 0))
for (const tag of [ID.dt, ID.legend]) HEADINGS[tag] = 1
const HEADS = Uint8Array.from(HEADINGS)
HEADS[ID.summary] = 1
const LABELS = ids('a', 'button', 'label', 'span', 'summary')
const LISTED = Uint8Array.from(HEADS)
for (let tag = 0; tag < LISTS.length; tag++) LISTED[tag] |= LISTS[tag]
const IGNORED = ids('form', 'input', 'noscript', 'script', 'select', 'style', 'svg', 'template')
/** Elements that mark headings in the menus of framesets, which are older than lists and classes. */
const BOLD = ids('b', 'big', 'font', 'strong')
const WRAPPERS = ids('details', 'li', 'section')

const { class: CLASS, href: HREF, id: IDENTITY, rel: REL, target: TARGET, title: TITLE } = ATTRIBUTE
const LABEL = ATTRIBUTE['aria-label']

/** Return the links of a page's navigation, grouped by menu, unchanged.
 *
 * @param {import('./tree.mjs').Tree} tree The complete page, before parts are left out.
 * @returns {{ navigation: string, isMenu: boolean }} `navigation` is JSON, a list of menus, or empty: a menu is a list of links, a link a
 *   list of its label, its address and the names of the parts around it; the address `#` is the page itself. `isMenu` says whether the
 *   page is nothing but the menu of a frameset.
 */
export function navigationOf(tree) {
  const isMenu = isFrameMenu(tree)
  const reader = new Reader(tree, isMenu)
  const menus = []
  for (const root of isMenu ? [0] : rootsOf(tree)) {
    const links = reader.menu(root)
    if (links.length) menus.push(links)
    if (reader.count >= MOST_LINKS) break
  }
  return { navigation: menus.length ? JSON.stringify(menus) : '', isMenu }
}

/** Return whether a page is the menu of a frameset: most of its text is links that open in another frame. */
function isFrameMenu(tree) {
  const anchors = tree.lists[ID.a]
  const first = anchors.find((node) => tree.has(node, HREF))
  if (first === undefined || OWN_FRAME.test(tree.get(first, TARGET))) return false
  let linked = 0
  let links = 0
  for (const node of anchors) {
    if (OWN_FRAME.test(tree.get(node, TARGET))) continue
    links++
    linked += lengthOf(tree, node)
  }
  return links > 1 && linked >= MENU * lengthOf(tree, 0)
}

function lengthOf(tree, top) {
  let length = 0
  const end = tree.end[top]
  for (let node = top; node < end; node++) {
    if (tree.tag[node] === 0) length += tree.size[node]
    else if (PROPERTIES[tree.tag[node]] & NEVER) node = tree.end[node] - 1
  }
  return length
}

/** Return the root elements of the page's menus in source order, those of the footer last. */
function rootsOf(tree) {
  const found = tree.lists[ID.nav].slice()
  for (let place = 0; place < tree.toldOnes; place++) {
    const node = tree.told[place]
    const tag = tree.tag[node]
    if (tag === ID.nav) continue
    const isNamed = tree.marks[node] & (ALWAYS | OUTSIDE | BESIDE) && NAMED.test(nameOf(tree, node))
    if ((tag === ID.header || tag === ID.aside || isNamed) && tree.first(node, ID.main) < 0 && tree.first(node, ID.article) < 0) found.push(node)
  }
  found.sort((one, other) => one - other)
  const roots = []
  const last = []
  let end = 0
  for (const node of found) {
    if (roots.length + last.length === MOST_MENUS) break
    if (node < end || isWithin(tree, node, ID.article)) continue
    end = tree.end[node]
    if (isWithin(tree, node, ID.footer)) last.push(node)
    else roots.push(node)
  }
  return [...roots, ...last]
}

function isWithin(tree, node, tag) {
  for (let outer = tree.parent[node]; outer >= 0; outer = tree.parent[outer]) if (tree.tag[outer] === tag) return true
  return false
}

/** Return whether the attribute at a place, or none (-1), says that its element is no menu of the site. */
function isNotOfSite(tree, place) {
  return place >= 0 && OTHER_NAMES.of(tree, tree.attributeFrom[place], tree.attributeTo[place]) === 1
}

function nameOf(tree, node) {
  return `${tree.get(node, CLASS).slice(0, LONGEST_NAME)} ${tree.get(node, IDENTITY).slice(0, LONGEST_NAME)}`
}

class Reader {
  constructor(tree, isMenu) {
    this.tree = tree
    this.isMenu = isMenu
    this.count = 0
    this.links = []
  }

  menu(root) {
    this.links = []
    if (!this.isNoise(root)) this.level(root, [], 0)
    return this.links
  }

  isNoise(node) {
    const { tree } = this
    if (tree.marks[node] & NOISE) return true
    if (!tree.hasAttributes(node)) return false
    return isNotOfSite(tree, tree.placeOf(node, CLASS)) || isNotOfSite(tree, tree.placeOf(node, IDENTITY)) || isNotOfSite(tree, tree.placeOf(node, LABEL))
  }

  /**
   * Read the links of one level. A heading or a line without links is the name of the links after it, and of the list
   * below it.
   */
  level(top, parts, depth) {
    const { tree } = this
    let heading = ''
    let line = this.leading(top)
    const isWrapper = WRAPPERS[tree.tag[top]] === 1 || GROUP.test(tree.get(top, CLASS))
    const end = tree.end[top]
    for (let child = top + 1; child < end; child = tree.end[child]) {
      const tag = tree.tag[child]
      if (tree.gone[child]) continue
      if (tag === 0) {
        // A label that is a plain text node before its list.
        if (tree.size[child] && WORD.test(tree.raw(child))) line = tree.raw(child).trim().slice(0, LONGEST_LABEL)
        continue
      }
      if (IGNORED[tag] || this.isNoise(child)) continue
      const anchors = tag === ID.a ? 1 : tree.countOf(child, ID.a)
      if (anchors === 0) {
        line = this.label(child) || line
        if (line && (this.isHeading(child) || holds(tree, child, HEADINGS))) heading = line
        continue
      }
      const isList = LISTS[tag] === 1 || (tag === ID.li && LISTS[tree.tag[firstPart(tree, child)]] === 1)
      if (depth < DEEPEST && tag !== ID.a && (isList || anchors > 1 || holds(tree, child, LISTED)) && !HEADINGS[tag]) {
        const names = isList || isWrapper ? [heading, line] : [heading]
        this.level(child, [...parts, ...new Set(names.filter((name) => name && name !== parts[parts.length - 1]))], depth + 1)
        // mdBook puts the sublist of a chapter into a separate item after the chapter's item.
        line = tag === ID.li && !this.leading(child) ? this.label(firstLabel(tree, child)) : ''
        continue
      }
      for (const anchor of tag === ID.a ? [child] : tree.all(child, ID.a)) this.note(anchor, heading && !HEADINGS[tag] ? [...parts, heading] : parts)
      line = anchors === 1 ? this.label(child) : ''
      if (HEADINGS[tag]) heading = line
    }
  }

  /** Return the plain text at the start of a list item, as in `<li>Guides<ul>`. */
  leading(top) {
    const { tree } = this
    const isText = tree.tag[top] === ID.li && top + 1 < tree.end[top] && tree.tag[top + 1] === 0
    return isText ? tree.raw(top + 1).trim().slice(0, LONGEST_LABEL) : ''
  }

  isHeading(node) {
    const { tree } = this
    const tag = tree.tag[node]
    return HEADS[tag] === 1 || tag === ID.li || (this.isMenu && BOLD[tag] === 1) || CAPTION.test(tree.get(node, CLASS))
  }

  note(anchor, parts) {
    const { tree } = this
    if (this.count >= MOST_LINKS || !tree.has(anchor, HREF) || SEQUENCE.test(tree.get(anchor, REL))) return
    let address = tree.get(anchor, HREF).trim()
    if (address === '#' && !this.isCurrent(anchor)) return
    if (address.startsWith('#')) address = address === '#' ? address : ''
    const label = this.label(anchor) || tree.get(anchor, LABEL) || tree.get(anchor, TITLE)
    if (!address || !label) return
    this.count++
    this.links.push([label.slice(0, LONGEST_LABEL), address, ...parts])
  }

  isCurrent(anchor) {
    const { tree } = this
    return CURRENT.test(tree.get(anchor, CLASS)) || CURRENT.test(tree.get(tree.parent[anchor], CLASS))
  }

  /** Return the text of a part, cut to the length of a label, with spaces between its nodes. */
  label(top) {
    if (top < 0) return ''
    const { tree } = this
    let text = ''
    const end = tree.end[top]
    for (let node = top; node < end && text.length <= LONGEST_LABEL; node++) {
      const tag = tree.tag[node]
      if (tag === 0) text += ` ${tree.raw(node)}`
      else if (PROPERTIES[tag] & NEVER) node = tree.end[node] - 1
    }
    return text.trim()
  }
}

/** Return the first child element of a node, or the node itself if it has none or words precede it. */
function firstPart(tree, top) {
  const end = tree.end[top]
  for (let node = top + 1; node < end; node = tree.end[node]) {
    if (tree.tag[node] !== 0) return node
    if (tree.size[node] && WORD.test(tree.raw(node))) return top
  }
  return top
}

function firstLabel(tree, top) {
  const end = tree.end[top]
  for (let node = top + 1; node < end; node++) if (LABELS[tree.tag[node]]) return node
  return -1
}
