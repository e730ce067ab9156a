// Superscripts, subscripts and the marks of footnotes.
import { children, textOf } from './measure.mjs'
import { BARE, ID } from './tags.mjs'
import { END_TEXT, TextWriter } from './text_writer.mjs'
import { ATTRIBUTE } from './tree.mjs'

const NOTE_MARK = /^\W?\s*([\w*\u2020\u2021\u00a7\u00b6]{1,4})\s*\W?$/
/** Classes of LaTeXML: the number of a footnote, and the text of a footnote, which begins with its number again. */
const NAMED_MARK = /(?:^|\s)ltx_note_mark(?:\s|$)/
const NOTE = /(?:^|\s)ltx_note_content(?:\s|$)/
/** Endings of ordinal numbers, and signs that are raised for their looks. */
const ORDINAL = /^(?:st|nd|rd|th|er|re|nd|ère|ème|eme|mes?|lles?|º|ª|®|™|©)$/i
/** A raised text that needs no brackets: it has a sign at most at its beginning or its end. */
const SIMPLE_SCRIPT = /^[-+−±]?[^\s\-+−±×·/=→^_]*[-+−]?$/
/** Elements that a superscript or a subscript may contain. */
const IN_SCRIPT = Uint8Array.from(BARE)
for (const tag of [ID.b, ID.em, ID.i, ID.strong, ID.sub, ID.sup, ID.var]) IN_SCRIPT[tag] = 1

export class ScriptWriter extends TextWriter {
  superscript(node) {
    const { tree } = this
    if (this.isRepeatedMark(node)) return tree.end[node]
    const note = this.noteMark(node)
    if (note) {
      this.line.markdown(`[${note}]`)
      return tree.end[node]
    }
    if (!this.isScript(node)) return node + 1
    const text = textOf(tree, node)
    if (ORDINAL.test(text)) return node + 1
    this.line.text('^')
    if (SIMPLE_SCRIPT.test(text)) return node + 1
    // Without brackets, its end would not be clear.
    this.line.text('(')
    return this.within(node, END_TEXT, ')')
  }

  /** Return whether a superscript or a subscript contains only text. */
  isScript(node) {
    const { tree, measure } = this
    return measure.length(node) > 0 && children(tree, node).every((inner) => IN_SCRIPT[tree.tag[inner]])
  }

  /** Return whether a superscript is the number with which the text of a footnote begins, behind the same number. */
  isRepeatedMark(node) {
    const { tree } = this
    return NAMED_MARK.test(tree.get(node, ATTRIBUTE.class)) && NOTE.test(tree.get(tree.parent[node], ATTRIBUTE.class))
  }

  /** Return the mark of a footnote that a superscript links to, or an empty text. */
  noteMark(node) {
    const { tree } = this
    if (NAMED_MARK.test(tree.get(node, ATTRIBUTE.class))) return NOTE_MARK.exec(textOf(tree, node))?.[1] ?? ''
    const above = tree.parent[node]
    // The link may be around the superscript instead.
    const isInLink = tree.tag[above] === ID.a && this.measure.length(above) === this.measure.length(node)
    const [link, ...others] = isInLink ? [above] : children(tree, node)
    if (link === undefined || others.length || tree.tag[link] !== ID.a || !tree.get(link, ATTRIBUTE.href).startsWith('#')) return ''
    return NOTE_MARK.exec(textOf(tree, node))?.[1] ?? ''
  }

  subscript(node) {
    if (!this.isScript(node) || !this.line.endsWithWord) return node + 1
    this.line.markdown('_')
    return node + 1
  }
}
