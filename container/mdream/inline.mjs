// Writes the parts of a line: links, images, code, notes, formulas, boxes to tick.
import { addressOf, protectedMail } from './addresses.mjs'
import { embedHtml, imageHtml } from './images.mjs'
import { literal } from './literals.mjs'
import { formulaOf } from './math.mjs'
import { children, holds, textOf } from './measure.mjs'
import { rawText } from './raw_lines.mjs'
import { escapedAttribute, plainReferences } from './references.mjs'
import { HEADING, ID, INLINE, PROPERTIES, ids } from './tags.mjs'
import { END_HEADING_LINK, END_LINK, PUT, TextWriter, escaped } from './text_writer.mjs'
import { ATTRIBUTE } from './tree.mjs'

const NUMBER_SIGN = 35
const HEADINGS = ids('h1', 'h2', 'h3', 'h4', 'h5', 'h6')
const TABLES = ids('table')
const PICTURES = ids('img', 'svg')
const NOTE_MARK = /^\W?\s*([\w*\u2020\u2021\u00a7\u00b6]{1,4})\s*\W?$/
// Without a form in Markdown: only what is in them is written.
export const BARE = ids(
  'abbr', 'acronym', 'bdi', 'bdo', 'big', 'cite', 'colgroup', 'data', 'dfn', 'font', 'ins', 'label', 'mark', 'nobr',
  'optgroup', 'option', 'output', 'picture', 'rb', 'ruby', 'rtc', 'slot', 'small', 'span', 'time', 'u', 'wbr',
)
const UNWRAPPED_IN_CODE = ids('dl', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ol', 'p', 'pre', 'section', 'table', 'ul')

export class InlineWriter extends TextWriter {
  lineBreak(node) {
    const { tree } = this
    let above = tree.parent[node]
    while (above > 0 && PROPERTIES[tree.tag[above]] & INLINE) above = tree.parent[above]
    // A heading is one line.
    this.say(PROPERTIES[tree.tag[above]] & HEADING ? ' ' : '<br>')
    return node + 1
  }

  link(node) {
    const { tree } = this
    const place = tree.placeOf(node, ATTRIBUTE.href)
    if (place < 0 || this.isInLink) return node + 1
    const { codes } = tree
    let from = tree.attributeFrom[place]
    const quote = codes[from - 1]
    while (codes[from] <= 32) from++
    if (from >= tree.attributeTo[place] || codes[from] === NUMBER_SIGN) return node + 1
    const written = tree.value(place)
    const mail = protectedMail(written.includes('email-protection') ? written : tree.get(node, ATTRIBUTE['data-cfemail']))
    if (mail) return this.mail(node, mail)
    const address = addressOf(written, this.origin)
    if (!address || holds(tree, node, TABLES) || (!this.measure.length(node) && !holds(tree, node, PICTURES))) return node + 1
    if (holds(tree, node, HEADINGS)) {
      this.headingLink = `<a href="${escapedAttribute(address)}">`
      return this.within(node, END_HEADING_LINK)
    }
    this.isInLink = true
    this.within(node, END_LINK)
    // Most links can be copied: their address is in quotes, and they have no title, which is noise.
    const isPlain = address === written && (quote === 34 || quote === 39) && !this.isInCell && !tree.has(node, ATTRIBUTE.title)
    return isPlain ? this.asItIs(node, ID.a) : this.wrapped(node, `<a href="${written === address ? quoted(address) : escapedAttribute(address)}">`, '</a>')
  }

  mail(node, mail) {
    this.say(escaped(mail))
    return this.tree.end[node]
  }

  image(node) {
    const html = imageHtml(this.tree, node, this.origin, this.isInCell)
    if (html) this.say(html)
    return node + 1
  }

  code(node) {
    const { tree, measure } = this
    const end = tree.end[node]
    const isPlain = end === node + 2 && tree.tag[node] === ID.code && tree.size[node + 1] && tree.closeTo[node]
    if (isPlain && !this.isInCell && !tree.hasStraySigns && !this.unwritten && this.isPlain(tree.from[node + 1], tree.to[node + 1])) {
      this.copy(tree.from[node], tree.closeTo[node])
      return end
    }
    for (let inner = node + 1; inner < end; inner++) {
      if (UNWRAPPED_IN_CODE[tree.tag[inner]] && !tree.gone[inner]) return node + 1
    }
    const text = rawText(tree, node, ' ')
    if (!text.trim()) {
      this.say(text)
      return end
    }
    const link = this.isInLink || !measure.linked(node) ? -1 : this.onlyLink(node)
    const begin = link < 0 ? '' : `<a href="${quoted(tree.get(link, ATTRIBUTE.href))}">`
    this.say(`${begin}<code>${escaped(plainReferences(text))}</code>${begin && '</a>'}`)
    return end
  }

  onlyLink(node) {
    const link = this.tree.all(node, ID.a).find((one) => this.measure.length(one) === this.measure.length(node))
    const href = link === undefined ? '' : this.tree.get(link, ATTRIBUTE.href)
    return href && !href.startsWith('#') ? link : -1
  }

  superscript(node) {
    const { tree } = this
    const note = this.noteMark(node)
    if (note) {
      this.say(this.literal(`[${note}]`))
      return tree.end[node]
    }
    const isPlain = children(tree, node).every((inner) => BARE[tree.tag[inner]])
    if (isPlain && this.measure.length(node)) this.sayText('^')
    return node + 1
  }

  /** Return the mark of a footnote that a superscript links to, or an empty text. */
  noteMark(node) {
    const { tree } = this
    const [link, ...others] = children(tree, node)
    if (link === undefined || others.length || tree.tag[link] !== ID.a || !tree.get(link, ATTRIBUTE.href).startsWith('#')) return ''
    return NOTE_MARK.exec(textOf(tree, node))?.[1] ?? ''
  }

  subscript(node) {
    const { tree } = this
    const isPlain = children(tree, node).every((inner) => BARE[tree.tag[inner]])
    if (isPlain && this.measure.length(node) && this.endsWithWord()) this.sayText(this.literal('_'))
    return node + 1
  }

  /** Write how a text is read in brackets behind it. */
  ruby(node) {
    this.sayText('(')
    return this.within(node, PUT, ')')
  }

  /** Write what stands for an element that is left out: a film, an embedded page, a formula, a box that is ticked. */
  leftOut(node, tag) {
    const { tree } = this
    if (tag === ID.iframe || tag === ID.video) {
      const html = this.isInLink ? '' : embedHtml(tree, node, this.origin)
      if (html) this.say(this.isInCell ? html : `<p>${html}</p>`)
    } else if (tag === ID.script) {
      const formula = formulaOf(tree, node)
      if (formula) this.say(this.literal(formula))
    } else if (tag === ID.input && tree.get(node, ATTRIBUTE.type).toLowerCase() === 'checkbox' && this.isTask(node)) {
      // A space follows in the text, as a rule.
      const space = isSpace(tree.codes[tree.to[node]]) ? '' : ' '
      this.put(literal(`${tree.has(node, ATTRIBUTE.checked) ? '[x]' : '[ ]'}${space}`))
    }
  }

  /** Say whether a box to tick begins an item of a list. */
  isTask(node) {
    const { tree } = this
    let above = tree.parent[node]
    while (above > 0 && (tree.tag[above] === ID.label || tree.tag[above] === ID.p || tree.tag[above] === ID.span)) above = tree.parent[above]
    return tree.tag[above] === ID.li && this.measure.before[above] === this.measure.before[node]
  }

  math(node) {
    const formula = formulaOf(this.tree, node)
    if (!formula) return node + 1
    const text = this.literal(formula)
    if (formula.startsWith('$$') && !this.isInCell && !this.isInLink) this.put(`<p>${text}</p>`)
    else this.say(text)
    return this.tree.end[node]
  }
}

function quoted(value) {
  return /["<>]/.test(value)
    ? value.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    : value
}

function isSpace(code) {
  return code === 32 || (code >= 9 && code <= 13)
}
