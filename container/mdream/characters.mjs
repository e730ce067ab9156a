// Remove what `characters.py` removes as well, before the writer decides what to escape.

const UNSEEN = /[^\P{Cc}\t\n]|[\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}]/u
const EACH_UNSEEN = new RegExp(UNSEEN, 'gu')
const LINE_END = /\r\n?|[\u2028\u2029\x85]/g

/**
 * Return a text without control, bidirectional and invisible characters, and with line feeds as line ends.
 *
 * Otherwise an invisible character between `<` and a letter would prevent the escaping, and an unusual line end would
 * end a code span.
 *
 * @param {string} text
 */
export function visible(text) {
  if (!UNSEEN.test(text)) return text
  return text.replace(LINE_END, '\n').replaceAll('\f', ' ').replace(EACH_UNSEEN, '')
}
