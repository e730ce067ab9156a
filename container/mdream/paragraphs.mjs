// Text at the beginnings of the lines of a paragraph.

// Text that would begin a block at the start of a line.
const STARTS_LINE = /^[#\-+>=|:\d[]/
const STARTS = /(?:^|\n)[#\-+>=|:\d[]/
const BLOCK_START = /^(?:#{1,6}(?=\s|$)|[-+](?=[\s-]|$)|>|=+\s*$|[|:][|:\-\s]+$)/
const NUMBER_START = /^(\d{1,9})([.)])(?=\s|$)/
const DEFINITION_START = /^(\[[^\]]*\]):/

/** Return a paragraph, escaped so that none of its lines begins another block. @param {string} text */
export function asParagraph(text) {
  if (!(text.includes('\n') ? STARTS : STARTS_LINE).test(text)) return text
  return text.split('\n').map((one) => (
    one.replace(BLOCK_START, '\\$&').replace(NUMBER_START, '$1\\$2').replace(DEFINITION_START, '$1\\:'))).join('\n')
}
