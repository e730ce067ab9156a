// Writes the parts of a line: links, images, code, footnotes, formulas, check boxes.
import { addressOf, protectedMail } from './addresses.mjs'
import { languageOf } from './code.mjs'
import { embedOf, imageOf, onlyEmbedOf, onlyImageOf, pictureOf } from './images.mjs'
import { formulaOf, formulaOfCode, formulaOfImage, isRepeatedFormula } from './math.mjs'
import { holds, nextOf, previousOf, textOf } from './measure.mjs'
import { FRAGMENT } from './names.mjs'
import { rawText } from './raw_lines.mjs'
import { decoded } from './references.mjs'
import { ScriptWriter } from './scripts.mjs'
import { BLOCK, ID, NAMES, PROPERTIES, ids } from './tags.mjs'
import { END_HEADING_LINK, END_LINK, END_MARK, END_PARAGRAPH, END_TAG, END_TEXT } from './text_writer.mjs'
import { ATTRIBUTE } from './tree.mjs'

const NUMBER_SIGN = 35
const MAIL = /^[^\s@<>]{1,64}@[^\s@<>]{1,255}$/
const END_OF_TAG = 62
const BEGINS_WORD = /^[\p{L}\p{N}]/u
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const CODE_TABLE = /(?:^|\s)(?:js-file-line-container|hljs-ln)(?:\s|$)/
const TABLES = ids('table')
const EMBEDDED = ids('audio', 'embed', 'iframe', 'object', 'video')
const PICTURES = ids('img', 'svg')
const NO_PICTURE = { alt: '', address: '' }
export const LISTS = ids('ol', 'ul')
/** Elements that are visible without text. */
export const SEEN = ids('hr', 'img')
const SCRIPT = /^javascript:/i
const OF_NOTE = /^#_?(?:\w{0,20}[-_:])?(?:fn|ftn|foot-?note|end-?note|note|cite)/i
const NUMBER_OF_NOTE = /^\[?(\d{1,3})\]?$/
const NUMBER_IN_BRACKETS = /^\[(\d{1,3})\]$/
const LONGEST_NOTE = 8
/** Elements for readers without scripts that are searched for images. */
const MOST_WITHOUT_SCRIPTS = 200
const OF_TOOLTIP = /(?:(?:^|[\s_-])tool-?tip[-_]{0,2}(?:text|content|body|inner)|(?:^|\s)ltx_note_content)(?:\s|$)/i
/** Classes of elements that arrange their parts beside each other. */
const ARRANGES = /(?:^|\s)(?:(?:d-)?(?:inline-)?(?:flex|grid)|row)(?:\s|$)/
const RAISED = ids('sup')
const BREAKS = ids('br')
const CELLS = ids('td', 'th')
/** Elements that are emphasis, by its name. */
const MARKS = NAMES.map((name) => ({ b: 'strong', strong: 'strong', em: 'em', i: 'em', var: 'em', del: 'del', s: 'del', strike: 'del' })[name])
const NORMAL_WEIGHT = /font-weight\s*:\s*(?:normal|[1-4]00)/i
/** What emphasis cannot enclose. */
const NO_INLINE = Uint8Array.from(PROPERTIES, (properties) => (properties & BLOCK ? 1 : 0))
/** Elements that may be the title of a link with lists. */
const TITLES_OF_LINKS = ids('div', 'p')
const UNWRAPPED_IN_CODE = ids('dl', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ol', 'p', 'pre', 'section', 'table', 'ul')

export class InlineWriter extends ScriptWriter {
  /** Return whether a quotation begins with an element that names its source. */
  isSource(node) {
    const { tree, measure } = this
    const above = tree.parent[node]
    const quotation = tree.tag[above] === ID.div ? tree.parent[above] : above
    return tree.tag[quotation] === ID.blockquote && measure.before[node] === measure.before[quotation]
  }

  /** Return whether each row of a table is a line of code, as in the files of GitHub. */
  isCodeTable(node) {
    return Boolean(this.tree.marks[node] & FRAGMENT) && CODE_TABLE.test(this.tree.get(node, ATTRIBUTE.class))
  }

  /** Return whether an element in a cell is a list with content, or an item, which are written as HTML. */
  isListInCell(node, tag) {
    if (this.line.isInLink || !(LISTS[tag] || tag === ID.li)) return false
    return this.measure.length(node) > 0 || holds(this.tree, node, SEEN)
  }

  /** Write the tags of a list or an item in a cell; items without a list around them get one. */
  listInCell(node, tag) {
    const { tree, line } = this
    const isBare = tag === ID.li && !LISTS[tree.tag[tree.parent[node]]]
    if (isBare && !this.isItemInCell(previousOf(tree, node))) line.tag('<ul>')
    line.tag(`<${NAMES[tag]}>`)
    const next = isBare ? nextOf(tree, node) : -1
    const isLast = isBare && !(this.isItemInCell(next) && previousOf(tree, next) === node)
    return this.within(node, END_TAG, isLast ? '</li></ul>' : `</${NAMES[tag]}>`)
  }

  isItemInCell(node) {
    return node >= 0 && this.tree.tag[node] === ID.li && this.isListInCell(node, ID.li)
  }

  /**
   * Write a space before a span that directly follows another one with a different class: styles separate such words,
   * as the name and the type of a parameter. Spans of one letter, as in animations, and of the same class are parts of
   * words.
   */
  separate(node) {
    const { tree, measure, line } = this
    const parent = tree.parent[node]
    if (tree.codes[tree.from[node] - 1] !== END_OF_TAG || node - 1 === parent || measure.length(node) < 2 || !line.endsWithWord) return
    let before = node - 1
    while (tree.parent[before] !== parent) before = tree.parent[before]
    if (tree.tag[before] !== ID.span || tree.gone[before] || measure.length(before) < 2) return
    const [own, other] = [node, before].map((one) => tree.get(one, ATTRIBUTE.class))
    const isApart = (own && other && own !== other) || ARRANGES.test(tree.get(parent, ATTRIBUTE.class))
    if (isApart && BEGINS_WORD.test(textOf(tree, node, 1))) line.text(' ')
  }

  /** Begin emphasis, strong emphasis or deleted text. */
  mark(node, tag) {
    if (!this.measure.length(node)) this.icon(node)
    if (!this.measure.length(node) || holds(this.tree, node, NO_INLINE)) return node + 1
    const mark = MARKS[tag]
    // Google Docs encloses pasted text in such an element.
    if (mark === 'strong' && NORMAL_WEIGHT.test(this.tree.get(node, ATTRIBUTE.style))) return node + 1
    this.line.open(mark)
    return this.within(node, END_MARK, mark)
  }

  /** Write the title of an icon that is all that a cell says. */
  icon(node) {
    const { tree, measure, line } = this
    const cell = tree.parent[node]
    if (CELLS[tree.tag[cell]] && !measure.length(cell)) line.text(decoded(tree.get(node, ATTRIBUTE.title)))
  }

  lineBreak(node) {
    // A heading is one line.
    if (this.isInHeading) this.line.text(' ')
    else this.line.break()
    return node + 1
  }

  link(node) {
    const { tree } = this
    const place = tree.placeOf(node, ATTRIBUTE.href)
    if (place < 0 || this.line.isInLink) return node + 1
    const { codes } = tree
    let from = tree.attributeFrom[place]
    while (codes[from] <= 32) from++
    if (from >= tree.attributeTo[place]) return node + 1
    if (codes[from] === NUMBER_SIGN) return this.linkWithin(node)
    const written = tree.value(place)
    const mail = (written.includes('email-protection') && protectedMail(written)) || protectedMail(tree.get(node, ATTRIBUTE['data-cfemail']))
    if (mail) return this.mail(node, mail)
    const address = addressOf(written, this.origin)
    if (!address || SCRIPT.test(address) || holds(tree, node, TABLES)) return node + 1
    if (!this.measure.length(node) && !holds(tree, node, PICTURES)) return node + 1
    if (holds(tree, node, HEADINGS)) {
      this.headingLink = address
      return this.within(node, END_HEADING_LINK)
    }
    const title = this.line.isInCell || this.isInHeading || !holds(tree, node, LISTS) ? -1 : this.titleIn(node)
    if (title >= 0) {
      this.linkedTitle = title
      this.titleAddress = address
      return node + 1
    }
    this.line.open('link')
    return this.within(node, END_LINK, address)
  }

  /** Write the text of a link to a place of the page; the number of a footnote directly behind a word is its mark. */
  linkWithin(node) {
    const { tree, line } = this
    const isOfNote = this.measure.length(node) <= LONGEST_NOTE && OF_NOTE.test(tree.get(node, ATTRIBUTE.href))
    const note = isOfNote ? (line.endsWithText ? NUMBER_OF_NOTE : NUMBER_IN_BRACKETS).exec(textOf(tree, node))?.[1] : ''
    if (!note || tree.tag[tree.parent[node]] === ID.sup || holds(tree, node, RAISED)) return node + 1
    line.markdown(`[${note}]`)
    return tree.end[node]
  }

  /** Return the first block with text in a link, if it contains no other block; or -1. */
  titleIn(link) {
    const { tree, measure } = this
    for (let node = link + 1; node < tree.end[link]; node++) {
      const tag = tree.tag[node]
      if (tree.gone[node] || !measure.length(node)) node = tree.end[node] - 1
      else if (tag === 0 || (PROPERTIES[tag] & BLOCK && !TITLES_OF_LINKS[tag])) return -1
      else if (TITLES_OF_LINKS[tag] && !holds(tree, node, NO_INLINE)) return node
    }
    return -1
  }

  /** Write the title of a link with lists as the link, because a link cannot contain lists. */
  linkTitle(node) {
    this.linkedTitle = -1
    this.blocks.flush()
    this.within(node, END_PARAGRAPH)
    this.line.open('link')
    return this.within(node, END_LINK, this.titleAddress)
  }

  protectedText(node) {
    const mail = protectedMail(this.tree.get(node, ATTRIBUTE['data-cfemail']))
    return mail ? this.mail(node, mail) : node + 1
  }

  /** Write the address that a mail element of Joomla hides in its attributes. */
  hiddenMail(node) {
    const { tree } = this
    const [first, last] = [ATTRIBUTE.first, ATTRIBUTE.last].map((name) => Buffer.from(tree.get(node, name), 'base64').toString())
    const mail = `${first}@${last}`
    return MAIL.test(mail) ? this.mail(node, mail) : node + 1
  }

  mail(node, mail) {
    this.line.text(mail)
    return this.tree.end[node]
  }

  image(node) {
    if (isRepeatedFormula(this.tree, node)) return node + 1
    const formula = formulaOfImage(this.tree, node)
    if (formula) {
      this.formula(formula)
      return node + 1
    }
    const { alt, address } = imageOf(this.tree, node, this.origin)
    const target = address && this.absolute(address)
    if (target) this.line.image(alt, target)
    else if (alt) this.line.text(alt)
    return node + 1
  }

  /** Write an image or an embedded page that is in the page only for readers without scripts. */
  withoutScript(node) {
    if (++this.withoutScripts > MOST_WITHOUT_SCRIPTS) return
    const { alt, address } = onlyImageOf(this.tree, node, this.origin)
    const target = address && this.absolute(address)
    if (target) this.line.image(alt, target)
    else this.linkOfEmbedded(onlyEmbedOf(this.tree, node, this.origin))
  }

  code(node) {
    const { tree, measure, line } = this
    const end = tree.end[node]
    const formula = formulaOfCode(tree, node)
    if (formula) {
      this.formula(formula)
      return end
    }
    for (let inner = node + 1; inner < end; inner++) {
      if (UNWRAPPED_IN_CODE[tree.tag[inner]] && !tree.gone[inner]) return node + 1
    }
    if (this.isBlockOfCode(node)) return this.pre(node, rawText(tree, node))
    const links = line.isInLink || !measure.linked(node) ? [] : this.linksIn(node)
    if (new Set(links.map((link) => link.address)).size > 1) return this.codeWithLinks(node, links)
    const text = decoded(rawText(tree, node, ' '))
    if (links.length) line.open('link')
    line.code(text)
    if (links.length) line.closeLink(this.absolute(links[0].address))
    return end
  }

  /** Write code that links to several addresses as code, links with code, and code. */
  codeWithLinks(node, links) {
    const { tree, line } = this
    const end = tree.end[node]
    let text = ''
    let next = 0
    for (let inner = node + 1; inner < end; inner++) {
      if (inner === links[next]?.node) {
        const { address } = links[next++]
        line.code(decoded(text))
        text = ''
        line.open('link')
        line.code(decoded(rawText(tree, inner, ' ')))
        line.closeLink(this.absolute(address))
        inner = tree.end[inner] - 1
      } else if (tree.gone[inner]) inner = tree.end[inner] - 1
      else if (tree.tag[inner] === 0) text += tree.raw(inner)
      else if (tree.tag[inner] === ID.br) text += ' '
    }
    line.code(decoded(text))
    return end
  }

  /** Write a block of code. */
  pre(node, text) {
    const { tree } = this
    if (text.trim()) this.blocks.code(languageOf(tree, node), decoded(text.trimEnd()))
    return tree.end[node]
  }

  /** Return whether code with line breaks is all that its block contains, so that its lines are those of a program. */
  isBlockOfCode(node) {
    const { tree, measure, line } = this
    if (line.isInCell || line.isInLink || this.isInHeading || !holds(tree, node, BREAKS)) return false
    const block = tree.parent[node]
    return PROPERTIES[tree.tag[block]] & BLOCK && measure.length(block) === measure.length(node)
  }

  /** Return the links with text in a part, with their addresses, without those within the page. */
  linksIn(node) {
    const { tree, measure } = this
    return tree.all(node, ID.a).filter((link) => !tree.gone[link] && measure.length(link)).map((link) => {
      const href = tree.get(link, ATTRIBUTE.href).trim()
      return { node: link, address: !href || href.startsWith('#') || SCRIPT.test(href) ? '' : addressOf(href, this.origin) }
    }).filter((link) => link.address)
  }

  /** Return whether a span is the text of a tooltip directly behind the word that it explains. */
  isTooltip(node) {
    const { tree, measure, line } = this
    return line.endsWithText && measure.length(node) > 0 && OF_TOOLTIP.test(tree.get(node, ATTRIBUTE.class)) && !holds(tree, node, NO_INLINE)
  }

  /** Write a text in brackets: how the text before it is read (ruby), or what it means. */
  inBrackets(node) {
    this.line.text(this.tree.tag[node] === ID.span ? ' (' : '(')
    return this.within(node, END_TEXT, ')')
  }

  quoted(node) {
    this.line.text('"')
    return this.within(node, END_TEXT, '"')
  }

  /** Write the replacement of an element: a video, an embedded page, a formula, a checked box. */
  leftOut(node, tag) {
    const { tree, line } = this
    if (EMBEDDED[tag]) {
      this.embedded(node)
    } else if (tag === ID.noscript) {
      this.withoutScript(node)
    } else if (tag === ID.script) {
      const formula = formulaOf(tree, node)
      if (formula) line.markdown(formula)
    } else if (tag === ID.input && tree.get(node, ATTRIBUTE.type).toLowerCase() === 'checkbox' && this.isTask(node)) {
      line.markdown(tree.has(node, ATTRIBUTE.checked) ? '[x]' : '[ ]')
      line.text(' ')
    }
  }

  /** Write the link to what an element embeds, or its picture. */
  embedded(node) {
    const { alt, address } = this.tree.tag[node] === ID.object ? pictureOf(this.tree, node, this.origin) : NO_PICTURE
    const target = address && this.absolute(address)
    if (target) {
      this.line.image(alt, target)
      return
    }
    this.linkOfEmbedded(embedOf(this.tree, node, this.origin))
  }

  /** Write the link to an embedded page or document, if it has an address. @param {{ title: string, address: string }} embedded */
  linkOfEmbedded({ title, address }) {
    const { line } = this
    if (!address || line.isInLink) return
    if (!line.isInCell && !this.isInHeading) this.blocks.flush()
    line.open('link')
    line.text(title)
    line.closeLink(this.absolute(address))
    if (!line.isInCell && !this.isInHeading) this.blocks.flush()
  }

  /** Write a video that a script loads, unless it contains a link to it. */
  film(node) {
    if (this.measure.linked(node)) return node + 1
    this.embedded(node)
    return this.tree.end[node]
  }

  /** Return whether a check box begins an item of a list. */
  isTask(node) {
    const { tree } = this
    let above = tree.parent[node]
    while (above > 0 && (tree.tag[above] === ID.label || tree.tag[above] === ID.p || tree.tag[above] === ID.span)) above = tree.parent[above]
    return tree.tag[above] === ID.li && this.measure.before[above] === this.measure.before[node]
  }

  math(node) {
    const formula = formulaOf(this.tree, node)
    if (!formula) return node + 1
    this.formula(formula)
    return this.tree.end[node]
  }
}
