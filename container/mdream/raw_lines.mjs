// Read the text of code, line by line.
import { BLOCK, ID, PROPERTIES } from './tags.mjs'

/** Return the unprocessed text of a part, with `separator` as line break. */
export function rawText(tree, top, separator = '\n') {
  const { tag: tags, gone, from, to, end: ends } = tree
  let text = ''
  const end = ends[top]
  let inner = top
  for (; inner < end; inner++) {
    if (gone[inner]) inner = ends[inner] - 1
    else if (tags[inner] === 0) text += tree.slice(from[inner], to[inner])
    else if (inner !== top && (tags[inner] === ID.br || PROPERTIES[tags[inner]] & BLOCK)) break
  }
  return inner < end ? rawLines(tree, top, separator) : text
}

/** Return the text of a part in which elements start new lines. */
function rawLines(tree, top, separator) {
  let text = ''
  const write = (node) => {
    const tag = tree.tag[node]
    if (tree.gone[node]) return
    if (tag === 0) {
      text += tree.raw(node)
      return
    }
    if (tag === ID.br) text += separator
    const end = tree.end[node]
    for (let inner = node + 1; inner < end; inner = tree.end[inner]) write(inner)
    // A block element inside code is one line.
    if (PROPERTIES[tag] & BLOCK && node !== top && text && !text.endsWith('\n')) text += separator
  }
  write(top)
  return text
}
