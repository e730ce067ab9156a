// Find the end of content that is not markup: comments, scripts and other raw text.
import { ID, NAMES } from './tags.mjs'

/** Strings that change the state of the tokenizer in a script ("script data" states of the HTML standard). */
const IN_SCRIPT = /<!--|-->|<\/?script(?=[\s/>])/gi
const COMMENT_END = /--!?>/g
const END_TAGS = new Map()

/** Return the position after a comment. */
export function endOfComment(source, start) {
  if (source.startsWith('>', start + 4)) return start + 5
  if (source.startsWith('->', start + 4)) return start + 6
  COMMENT_END.lastIndex = start + 4
  const found = COMMENT_END.exec(source)
  return found === null ? source.length : COMMENT_END.lastIndex
}

/** Return the start of the end tag of an element with raw text. */
export function endOfRawText(source, from, tag) {
  let pattern = END_TAGS.get(tag)
  if (pattern === undefined) {
    pattern = new RegExp(`</${NAMES[tag]}(?=[\\s/>])`, 'gi')
    END_TAGS.set(tag, pattern)
  }
  pattern.lastIndex = from
  const found = pattern.exec(source)
  const end = found === null ? source.length : found.index
  return tag === ID.script && source.slice(from, end).includes('<!--') ? endOfScript(source, from) : end
}

/** Return the end of a script that contains a comment, which may contain script tags. */
function endOfScript(source, from) {
  let isComment = false
  let isInner = false
  IN_SCRIPT.lastIndex = from
  for (let found = IN_SCRIPT.exec(source); found !== null; found = IN_SCRIPT.exec(source)) {
    const sign = found[0].toLowerCase()
    if (sign === '<!--') {
      isComment = true
      // The same two dashes may also end the comment.
      IN_SCRIPT.lastIndex = found.index + 2
    } else if (sign === '-->') {
      isComment = isInner = false
    } else if (sign === '<script') {
      isInner ||= isComment
    } else if (isInner) {
      isInner = false
    } else {
      return found.index
    }
  }
  return source.length
}
