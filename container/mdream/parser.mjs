// Read the source of a page into a flat tree. The tokens follow the HTML standard (13.2.5); `TreeBuilder` builds the
// tree.
import { TreeBuilder } from './tree_builder.mjs'
import { endOfComment, endOfRawText } from './raw_text.mjs'
import { FIRST_FREE, FORMATTING, ID, NAMES, PROPERTIES, Numbering, ids, isName } from './tags.mjs'
import { ATTRIBUTE, Tree } from './tree.mjs'

/** Characters that are compared one by one before the rest is searched with `indexOf`. */
const NEAR = 48

const LESS = 60
const EQUALS = 61
const GREATER = 62
const SLASH = 47
const EXCLAMATION = 33
const QUESTION = 63

const { class: CLASS, href: HREF, id: IDENTITY } = ATTRIBUTE
const LONGEST_NAME = 29
// For each length of a name, the possible first letters, as bits.
const BEGINNINGS = new Int32Array(LONGEST_NAME + 1)
for (const name of Object.keys(ATTRIBUTE)) BEGINNINGS[name.length] |= 1 << (name.charCodeAt(0) & 31)

const { br: BR, head: HEAD, math: MATH, noscript: NOSCRIPT, p: P, plaintext: PLAINTEXT, svg: SVG,
  textarea: TEXTAREA, title: TITLE, xmp: XMP } = ID
/** Elements that contain facts about the page, also in its head and in parts that are left out. */
const TELLING = ids('a', 'area', 'base', 'frame', 'iframe', 'link', 'meta', 'script', 'source', 'time')

const CHARACTER_DATA = '<![CDATA['

const tree = new Tree()
export { tree as pageTree }

/** Parse a page. The returned tree is valid until the next call.
 *
 * @param {Buffer} bytes The page in UTF-8.
 * @param {{readsNoscript?: boolean}} [options] Whether the content of `noscript` is parsed, as in a browser without
 * scripts.
 */
export function parse(bytes, { readsNoscript = false } = {}) {
  tree.reset(bytes)
  return new Parser(tree, readsNoscript).run()
}

const innerTree = new Tree(1 << 10)

/** Parse the content of a `noscript` of the page that was parsed last. The returned tree is valid until the next
 * call.
 *
 * @param {Tree} page
 * @param {number} node The `noscript`.
 */
export function parseNoscript(page, node) {
  innerTree.reset(page.codes.subarray(page.to[node], page.closeFrom[node]))
  return new Parser(innerTree, true).run()
}

class Parser extends TreeBuilder {
  constructor(tree, readsNoscript) {
    super(tree)
    this.source = tree.source
    this.codes = tree.codes
    this.numbering = new Numbering()
    this.readsNoscript = readsNoscript
  }

  run() {
    const text = this.read()
    const { length } = this.source
    if (text < length) this.addText(text, length)
    this.finish()
    return this.tree
  }

  /** Read the page up to its last tag; return the position after it. */
  read() {
    const { source, codes } = this
    const { length } = source
    let text = 0
    let at = 0
    for (;;) {
      at = find(source, codes, LESS, at)
      if (at < 0 || at + 1 >= length) return text
      const code = codes[at + 1]
      const start = at
      if (isLetter(code)) {
        if (text < start) this.addText(text, start)
        at = text = this.startTag(start)
      } else if (code === SLASH && start + 2 < length) {
        if (text < start) this.addText(text, start)
        at = text = isLetter(codes[start + 2]) ? this.endTag(start) : after(source, '>', start + 2)
      } else if (code === EXCLAMATION || code === QUESTION) {
        if (text < start) this.addText(text, start)
        if (this.isCharacterData(start)) {
          text = start + CHARACTER_DATA.length
          at = after(source, ']]>', text)
          this.addText(text, source.endsWith(']]>', at) && at > text + 2 ? at - 3 : at)
          text = at
          continue
        }
        at = text = source.startsWith('<!--', start) ? endOfComment(source, start) : after(source, '>', start + 2)
      } else {
        at = start + 1
      }
    }
  }

  startTag(start) {
    const { source, codes, tree } = this
    const { length } = source
    let at = start + 1
    while (at < length && codes[at] !== GREATER && codes[at] !== SLASH && !isSpace(codes[at])) at++
    const tag = this.numbering.at(tree, start + 1, at)
    const first = tree.attributes
    // Other elements in a part that is left out need no attributes.
    const isWanted = tag >= 0 && (TELLING[tag] === 1 || !tree.gone[this.top])
    for (;;) {
      while (at < length && (codes[at] === SLASH || isSpace(codes[at]))) at++
      if (at >= length) break
      if (codes[at] === GREATER) break
      // Nearly all attributes are one of these two, written in this form.
      const usual = isAt(codes, at, CLASS_QUOTED) ? CLASS : isAt(codes, at, HREF_QUOTED) ? HREF : 0
      if (usual) {
        const from = at + (usual === CLASS ? CLASS_QUOTED.length : HREF_QUOTED.length)
        const to = find(source, codes, 34, from)
        at = (to < 0 ? length : to) + 1
        if (isWanted && at < length) tree.addAttribute(usual, from, to)
        continue
      }
      const name = at
      do at++
      while (at < length && codes[at] !== EQUALS && codes[at] !== GREATER && codes[at] !== SLASH && !isSpace(codes[at]))
      const nameEnd = at
      while (at < length && isSpace(codes[at])) at++
      let from = at
      let to = at
      if (at < length && codes[at] === EQUALS) {
        do at++
        while (at < length && isSpace(codes[at]))
        const quote = codes[at]
        if (at < length && (quote === 34 || quote === 39)) {
          from = at + 1
          to = find(source, codes, quote, from)
          if (to < 0) to = length
          at = to + 1
        } else {
          from = at
          while (at < length && codes[at] !== GREATER && !isSpace(codes[at])) at++
          to = at
        }
      }
      if (!isWanted || at >= length) continue
      const wanted = wantedName(tree, name, nameEnd)
      if (wanted) tree.addAttribute(wanted, from, to)
    }
    if (at >= length || tag < 0) {
      tree.attributes = first
      return Math.min(at + 1, length)
    }
    const isMarkup = this.startElement(tag, first, codes[at - 1] === SLASH, start, at + 1)
    at++
    if (!isMarkup) return this.rawText(tag, at)
    return codes[at] === 10 && this.skipsBreak(tag) ? at + 1 : at
  }

  /** Return the end of an end tag whose name ends at a position. Its attributes, if any, are ignored. */
  endOfTag(at) {
    const { codes, source } = this
    const { length } = source
    while (at < length && codes[at] !== GREATER) {
      const isValue = codes[at] === EQUALS
      do at++
      while (isValue && at < length && isSpace(codes[at]))
      if (!isValue || (codes[at] !== 34 && codes[at] !== 39)) continue
      const to = find(source, codes, codes[at], at + 1)
      at = to < 0 ? length : to + 1
    }
    return Math.min(at + 1, length)
  }

  /** Return whether a CDATA section of SVG or MathML starts here. */
  isCharacterData(start) {
    return (this.open[SVG] > 0 || this.open[MATH] > 0) && this.source.startsWith(CHARACTER_DATA, start) && this.isForeign(0)
  }

  /** Read the text of an element whose content is not markup; return the position after its end tag. */
  rawText(tag, from) {
    const { tree } = this
    const node = tree.count - 1
    if (tag === NOSCRIPT && this.readsNoscript) {
      tree.gone[node] = tree.gone[this.top]
      this.push(node)
      return from
    }
    const end = tag === PLAINTEXT ? this.source.length : endOfRawText(this.source, from, tag)
    if (tag === TITLE && !tree.title && (this.top === 0 || tree.tag[this.top] === HEAD)) tree.title = tree.slice(from, end)
    const isRead = tag === XMP || tag === PLAINTEXT || (tag === TEXTAREA && this.readsCode(node, from))
    if (isRead && from < end) tree.addText(node, from, end)
    tree.end[node] = tree.count
    tree.closeFrom[node] = end
    return tag === PLAINTEXT ? end : this.endOfTag(end + NAMES[tag].length + 2)
  }

  endTag(start) {
    const { source, codes, tree, top } = this
    const { length } = source
    // Nearly all end tags close the innermost element and are in lower case.
    const expected = tree.tag[top]
    if (expected < FIRST_FREE && !this.beyond[expected] && isName(codes, start + 2, expected)) {
      const end = start + 2 + NAMES[expected].length
      if (codes[end] === GREATER && this.closeTop(PROPERTIES[expected] & FORMATTING)) {
        tree.closeFrom[top] = start
        tree.closeTo[top] = end + 1
        return end + 1
      }
    }
    let at = start + 2
    while (at < length && codes[at] !== GREATER && codes[at] !== SLASH && !isSpace(codes[at])) at++
    const tag = this.numbering.at(tree, start + 2, at)
    at = codes[at] === GREATER ? at + 1 : this.endOfTag(at)
    const closed = tag < 0 ? -1 : this.endElement(tag)
    // By the standard, these end tags without a start tag create an empty element.
    if (closed < 0 && (tag === BR || tag === P)) tree.add(tag, this.top, tree.attributes, 0, 0)
    // The end tag of another level also closes a heading.
    if (closed >= 0 && tree.tag[closed] === tag) {
      tree.closeFrom[closed] = start
      tree.closeTo[closed] = at
    }
    return at
  }
}

function wantedName(tree, from, to) {
  const { codes } = tree
  const length = to - from
  if (length > LONGEST_NAME || !(BEGINNINGS[length] & (1 << (codes[from] & 31)))) return 0
  if (length === 5 && isAt(codes, from, CLASS_CODES)) return CLASS
  if (length === 4 && isAt(codes, from, HREF_CODES)) return HREF
  if (length === 2 && isAt(codes, from, IDENTITY_CODES)) return IDENTITY
  const name = tree.slice(from, to)
  return ATTRIBUTE[name] ?? ATTRIBUTE[name.toLowerCase()] ?? 0
}

const CLASS_QUOTED = Buffer.from('class="')
const HREF_QUOTED = Buffer.from('href="')
const CLASS_CODES = Buffer.from('class')
const HREF_CODES = Buffer.from('href')
const IDENTITY_CODES = Buffer.from('id')

function isAt(codes, from, name) {
  for (let at = 0; at < name.length; at++) if (codes[from + at] !== name[at]) return false
  return true
}

/** Return the next position of a character, or -1. Most are near and are found faster without calling `indexOf`. */
function find(source, codes, sign, from) {
  const near = Math.min(from + NEAR, source.length)
  for (let at = from; at < near; at++) if (codes[at] === sign) return at
  return source.indexOf(String.fromCharCode(sign), near)
}

function after(source, mark, from) {
  const at = source.indexOf(mark, from)
  return at < 0 ? source.length : at + mark.length
}

function isLetter(code) {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}

function isSpace(code) {
  return code === 32 || (code >= 9 && code <= 13 && code !== 11)
}
