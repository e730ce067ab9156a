// Read the text of code, line by line.
import { protectedMail } from './addresses.mjs'
import { children } from './measure.mjs'
import { LINE } from './names.mjs'
import { BLOCK, ID, PROPERTIES } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const DISPLAYED = /display\s*:\s*block/i
const CFEMAIL = ATTRIBUTE['data-cfemail']

/** Return the unprocessed text of a part, with `separator` as line break. */
export function rawText(tree, top, separator = '\n') {
  const { tag: tags, gone, from, to, end: ends } = tree
  let text = ''
  const end = ends[top]
  let inner = top
  for (; inner < end; inner++) {
    if (gone[inner]) inner = ends[inner] - 1
    else if (tags[inner] === 0) text += tree.slice(from[inner], to[inner])
    else if (tags[inner] === ID.a && mailOf(tree, inner)) {
      text += mailOf(tree, inner)
      inner = ends[inner] - 1
    } else if (inner !== top && (tags[inner] === ID.br || PROPERTIES[tags[inner]] & BLOCK)) break
  }
  if (inner < end) return rawLines(tree, top, separator)
  return text.includes('\n') ? text : spannedLines(tree, top, separator) || text
}

/** Return the text of code whose lines are elements that only a style separates, or an empty text. */
function spannedLines(tree, top, separator) {
  let code = top
  for (let inner = children(tree, code); inner.length === 1; inner = children(tree, code)) code = inner[0]
  const lines = children(tree, code)
  if (tree.tag[code] !== ID.code || lines.length < 2) return ''
  if (!lines.every((line) => tree.marks[line] & LINE || DISPLAYED.test(tree.get(line, ATTRIBUTE.style)))) return ''
  return lines.map((line) => rawText(tree, line, separator)).join(separator)
}

/** Return the text of a part in which elements start new lines. */
function rawLines(tree, top, separator) {
  const texts = []
  // The last text alone is examined: reading the end of a string that is being joined copies all of it.
  const add = (text) => {
    if (text) texts.push(text)
  }
  const startLine = () => {
    if (texts.length && !texts[texts.length - 1].endsWith('\n')) add(separator)
  }
  const write = (node) => {
    const tag = tree.tag[node]
    if (tree.gone[node]) return
    if (tag === 0) {
      add(tree.raw(node))
      return
    }
    const mail = tag === ID.a ? mailOf(tree, node) : ''
    if (mail) {
      add(mail)
      return
    }
    const isLine = PROPERTIES[tag] & BLOCK && node !== top
    if (isLine) startLine()
    else if (tag === ID.br) add(separator)
    const end = tree.end[node]
    for (let inner = node + 1; inner < end; inner = tree.end[inner]) write(inner)
    // A block element inside code is one line.
    if (isLine) startLine()
  }
  write(top)
  return texts.join('')
}

/** Return the mail address that Cloudflare hides in a link, or an empty text. */
function mailOf(tree, node) {
  return tree.has(node, CFEMAIL) ? protectedMail(tree.get(node, CFEMAIL)) : ''
}

/** Return the text of the last cells of a table's rows, one a line. */
export function linesOfTable(tree, table) {
  return tree.all(table, ID.tr).map((row) => rawText(tree, children(tree, row).at(-1) ?? row)).join('\n')
}
