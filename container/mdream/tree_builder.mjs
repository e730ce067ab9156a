// Build the tree of a page by the rules of the HTML standard (13.2.6, "Tree construction").
//
// Rules that do not affect the text are not implemented: there is no foster parenting (misplaced content of tables
// stays in its place), no framesets, and no insertion modes for `select` and `template`.
import { adopt } from './adoption.mjs'
import { judge } from './marks.mjs'
import { DROPPED, HIDDEN } from './names.mjs'
import { DEEPEST, MARKED, MARKER, OpenElements } from './open_elements.mjs'
import {
  BLOCK, BREAKS_OUT, CLOSES, CLOSES_P, FIRST_FREE, FORMATTING, HEADING, ID, NEVER, OF_HEAD, PHRASING, PROPERTIES, RAW, SCOPE,
  SPECIAL, VOID, ids,
} from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const { a: A, body: BODY, button: BUTTON, caption: CAPTION, colgroup: COLGROUP, dd: DD, dt: DT, form: FORM, head: HEAD, html: HTML,
  image: IMAGE, img: IMG, li: LI, math: MATH, nobr: NOBR, optgroup: OPTGROUP, option: OPTION, p: P, rp: RP, rt: RT, rtc: RTC, ruby: RUBY, select: SELECT, svg: SVG, table: TABLE,
  template: TEMPLATE, tr: TR } = ID
const CELLS = ids('td', 'th')
const SECTIONS = ids('tbody', 'tfoot', 'thead')
const TABLE_CONTEXT = ids('table', 'tbody', 'tfoot', 'thead', 'tr')
const OF_TABLES = ids('caption', 'col', 'colgroup', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr')
const STRUCTURE = ids('caption', 'colgroup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr')
const LISTS = ids('ol', 'ul')
const RUBY_TEXT = ids('rb', 'rp', 'rt', 'rtc')
const ENDS_BEFORE_RUBY_TEXT = ids('dd', 'dt', 'li', 'optgroup', 'option', 'p', 'rb', 'rp', 'rt', 'rtc')
/** The class of fields with examples of code, and the beginning of code that embeds a part of a page elsewhere. */
const OF_CODE = /(?:^|\s)code(?:\s|$)/i
const EMBEDDING = /^\s*(?:<|&lt;|\[)(?:a|blockquote|iframe|img|object|script|url)\b/i
const BEGINNING = 100
const LEADING_BREAK = ids('listing', 'pre', 'textarea')
/** Elements that are ignored in the search for an open item, term or explanation that the next one closes. */
const PASSED_BY_ITEMS = ids('address', 'div', 'p')
/** Elements of SVG and MathML that contain HTML. */
export const INTEGRATION = ids('foreignobject', 'desc', 'title', 'annotation-xml', 'mi', 'mo', 'mn', 'ms', 'mtext')
/** Elements whose names alone are relevant for finding the main part. */
const COUNTING = ids('article', 'aside', 'footer', 'header', 'main')
/** Properties that require closing elements before an element is added. */
const BEFORE = CLOSES | CLOSES_P

/** Adds elements and texts by the rules of the standard for their positions. */
export class TreeBuilder extends OpenElements {
  /** Close all open elements. */
  finish() {
    while (this.top >= 0) this.pop()
  }

  /** Add a text, or a part of one. */
  addText(from, to) {
    const { tree } = this
    if (tree.tag[this.top] === HEAD && this.isText(from, to)) this.closeHead()
    if (this.formatting.length && !TABLE_CONTEXT[tree.tag[this.top]]) this.reopen()
    tree.addText(this.top, from, to)
  }

  /**
   * Add an element. Return whether its content is markup; if not, the caller reads it (see `RAW`).
   *
   * @param {number} tag Number of its name.
   * @param {number} first Index of its first attribute; its attributes end with the newest one of the tree.
   * @param {boolean} closesItself Whether its tag ends with a slash.
   * @param {number} from Start of its start tag in the source.
   * @param {number} to End of its start tag in the source.
   */
  startElement(tag, first, closesItself, from, to) {
    const { tree } = this
    if (tag === HTML || tag === BODY) {
      if (tag === HTML && !tree.lang) tree.lang = this.languageFrom(first)
      tree.attributes = first
      this.closeHead()
      return true
    }
    if (tag === IMAGE) tag = IMG
    let properties = PROPERTIES[tag]
    if (this.open[HEAD] && !(properties & OF_HEAD)) this.closeHead()
    const isForeign = (this.open[SVG] > 0 || this.open[MATH] > 0) && this.isForeign(properties & BREAKS_OUT)
    if (!isForeign) {
      if ((OF_TABLES[tag] && !this.open[TABLE] && !this.open[TEMPLATE]) || (tag === FORM && this.open[FORM])) {
        tree.attributes = first
        return true
      }
      if (properties & BEFORE || this.open[TABLE]) this.closeBefore(tag, properties)
      if (this.formatting.length && properties & PHRASING) this.reopen()
    }
    const node = tree.add(tag, this.top, first, from, to)
    const marks = tree.attributes > first && !tree.gone[node] ? judge(tree, tag, first) : 0
    if (marks || COUNTING[tag]) tree.tell(node, marks)
    if (properties & NEVER && !(tag === TEMPLATE && tree.has(node, ATTRIBUTE.shadowrootmode))) tree.gone[node] = 1
    if (isForeign) properties &= ~(VOID | RAW)
    if (properties & VOID || (closesItself && isForeign) || (closesItself && (tag === SVG || tag === MATH))) return true
    if (properties & RAW) return false
    if (this.depth > DEEPEST) {
      this.beyond[tag]++
      return true
    }
    this.push(node)
    if (properties & FORMATTING && !isForeign) this.remember(node)
    else if (MARKED[tag]) this.formatting.push(MARKER)
    return true
  }

  /** Read a field with an example of code, which readers can change, as a block of code. Return whether it is one. */
  readsCode(node, from) {
    const { tree } = this
    if (this.open[FORM] || tree.gone[this.top] || !OF_CODE.test(tree.get(node, ATTRIBUTE.class))) return false
    if (tree.marks[node] & (HIDDEN | DROPPED) || EMBEDDING.test(tree.slice(from, from + BEGINNING))) return false
    tree.gone[node] = 0
    tree.rename(node, ID.pre)
    return true
  }

  /** Return whether a line break directly after this start tag is not part of the text. */
  skipsBreak(tag) {
    return LEADING_BREAK[tag] === 1
  }

  /** Return the language that the attributes from an index on state, or an empty string. */
  languageFrom(first) {
    const { tree } = this
    let found = ''
    for (let place = first; place < tree.attributes; place++) {
      const name = tree.attributeName[place]
      if (name === ATTRIBUTE.lang || (name === ATTRIBUTE['xml:lang'] && !found)) found = tree.value(place)
    }
    return found
  }

  closeHead() {
    if (this.open[HEAD]) this.endElement(HEAD)
  }

  /** Return whether the next element belongs to an open `svg` or `math`. An element that breaks out closes it. */
  isForeign(breaksOut) {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const tag = tree.tag[node]
      if (INTEGRATION[tag]) return false
      if (tag !== SVG && tag !== MATH) continue
      if (!breaksOut) return true
      this.popUpTo(node)
      return this.open[SVG] > 0 || this.open[MATH] > 0 ? this.isForeign(breaksOut) : false
    }
    return false
  }

  /** Close the open elements that must end before this element. */
  closeBefore(tag, properties) {
    const { open, tree } = this
    if (properties & CLOSES_P && open[P]) this.closeParagraph()
    if (properties & HEADING && PROPERTIES[tree.tag[this.top]] & HEADING) this.pop()
    if (tag === LI) {
      if (open[LI]) this.closeItem(LI, LI)
      if (open[P]) this.closeParagraph()
    } else if (tag === DD || tag === DT) {
      if (open[DD] || open[DT]) this.closeItem(DD, DT)
      if (open[P]) this.closeParagraph()
    } else if (tag === A) {
      this.endOpenLink()
    } else if (tag === NOBR || tag === BUTTON || tag === SELECT) {
      if (open[tag]) this.endElement(tag)
    } else if (tag === OPTION || tag === OPTGROUP) {
      if (tree.tag[this.top] === OPTION) this.pop()
      if (tag === OPTGROUP && tree.tag[this.top] === OPTGROUP) this.pop()
    } else if (RUBY_TEXT[tag]) {
      if (open[RUBY]) this.closeRubyText(tag)
    } else if (open[TABLE] && STRUCTURE[tag]) {
      this.closeInTable(tag)
    }
  }

  /** Close a link that is open or would be opened again, because links cannot be nested. */
  endOpenLink() {
    for (let place = this.formatting.length - 1; place >= 0; place--) {
      const node = this.formatting[place]
      if (node === MARKER) return
      if (this.tree.tag[node] !== A) continue
      if (this.isOpen(node)) adopt(this, A)
      const left = this.formatting.indexOf(node)
      if (left >= 0) this.formatting.splice(left, 1)
      return
    }
  }

  closeParagraph() {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const tag = tree.tag[node]
      if (tag === P) return this.popUpTo(node)
      if (PROPERTIES[tag] & SCOPE || tag === BUTTON) return undefined
    }
    return undefined
  }

  /** Close an open annotation of a ruby text before the next one. */
  closeRubyText(tag) {
    const { tree } = this
    while (ENDS_BEFORE_RUBY_TEXT[tree.tag[this.top]] && !(tree.tag[this.top] === RTC && (tag === RT || tag === RP))) this.pop()
  }

  /** Close an open item of one of two kinds before the next one. */
  closeItem(one, other) {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const tag = tree.tag[node]
      if (tag === one || tag === other) return this.popUpTo(node)
      if (PROPERTIES[tag] & SPECIAL && !PASSED_BY_ITEMS[tag]) return undefined
    }
    return undefined
  }

  /** Close the elements that a part of a table ends, and add a missing row before cells. */
  closeInTable(tag) {
    const { tree } = this
    let upTo = 0
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const other = tree.tag[node]
      if (other === TEMPLATE) return
      if (other === TABLE) {
        // A table directly inside a table, outside of its cells, closes the outer one.
        if (tag === TABLE && (node === this.top || TABLE_CONTEXT[tree.tag[this.top]])) upTo = node
        break
      }
      if (tag === TABLE) {
        if (CELLS[other] || other === CAPTION) return
        continue
      }
      // Elements in a table outside of its cells cannot contain its rows and cells.
      const ends = !STRUCTURE[other] || CELLS[other] || other === CAPTION || other === COLGROUP
        || (other === TR && !CELLS[tag]) || (SECTIONS[other] && !CELLS[tag] && tag !== TR)
      if (ends) upTo = node
    }
    if (upTo) this.popUpTo(upTo)
    const around = tree.tag[this.top]
    if (CELLS[tag] && (around === TABLE || SECTIONS[around])) {
      const row = tree.add(TR, this.top, tree.attributes, 0, 0)
      tree.endOfAttributes[row] = tree.firstAttribute[row]
      if (this.depth <= DEEPEST) this.push(row)
    }
  }

  /** Close an element; return it, or -1 if no such element is open. */
  endElement(tag) {
    if (this.beyond[tag] && this.depth > DEEPEST) {
      this.beyond[tag]--
      return -1
    }
    const properties = PROPERTIES[tag]
    if (this.open[SVG] || this.open[MATH]) {
      const closed = this.closeForeign(tag)
      if (closed >= 0) return closed
    }
    if (properties & HEADING) return this.closeNearest((other) => PROPERTIES[other] & HEADING)
    if (properties & FORMATTING) return this.formatting.length || this.open[tag] ? adopt(this, tag) : -1
    if (!this.open[tag]) return -1
    if (tag === LI) return this.closeNearest((other) => other === LI, (other) => LISTS[other])
    if (tag === P) return this.closeNearest((other) => other === P, (other) => other === BUTTON)
    if (STRUCTURE[tag]) return this.closeNearest((other) => other === tag, (other) => other === TABLE, true)
    if (properties & (SPECIAL | BLOCK)) return this.closeNearest((other) => other === tag)
    return this.closeOther(tag)
  }

  /** Close the innermost open element for which `fits` is true, unless a border of its scope is inside it.
   *
   * @param {(tag: number) => unknown} fits
   * @param {(tag: number) => unknown} [isBorder] Borders in addition to those of every scope.
   * @param {boolean} [isTableScope] Whether only tables are borders.
   */
  closeNearest(fits, isBorder, isTableScope = false) {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const tag = tree.tag[node]
      if (fits(tag)) {
        this.popUpTo(node)
        return node
      }
      if ((!isTableScope && PROPERTIES[tag] & SCOPE) || isBorder?.(tag)) return -1
    }
    return -1
  }

  /** Close an element of SVG or MathML; return it, or -1 if an element of HTML is open inside it. */
  closeForeign(tag) {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      const other = tree.tag[node]
      if (other !== SVG && other !== MATH && !INTEGRATION[other] && other < FIRST_FREE) return -1
      if (other === tag) {
        this.popUpTo(node)
        return node
      }
    }
    return -1
  }

  /** Close an element that is neither special nor formatting, unless a special element is open inside it. */
  closeOther(tag) {
    const { tree } = this
    for (let node = this.top; node > 0; node = tree.parent[node]) {
      if (tree.tag[node] === tag) {
        this.popUpTo(node)
        return node
      }
      if (PROPERTIES[tree.tag[node]] & SPECIAL) return -1
    }
    return -1
  }
}
