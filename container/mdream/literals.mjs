// Text that is Markdown already: formulas, marks of footnotes and tasks. It passes Mdream as a number between two signs
// that no text holds, because Mdream would escape it.
const START = '\uFDD0'
const END = '\uFDD1'
const PLACE = /\uFDD0(\d+)\uFDD1/g
const SIGNS = /[\uFDD0\uFDD1]/g

const texts = []

/** Forget the literals of the page before. */
export function forgetLiterals() {
  texts.length = 0
}

/** Return what stands for a text until `restored` puts it back. */
export function literal(text) {
  texts.push(text)
  return `${START}${texts.length - 1}${END}`
}

/** Return text of a page without the signs that stand for literals. */
export function withoutSigns(text) {
  return text.includes(START) || text.includes(END) ? text.replace(SIGNS, '') : text
}

/** Return Markdown with the literals of the page in their places. */
export function restored(markdown) {
  return texts.length ? markdown.replace(PLACE, (_, number) => texts[Number(number)] ?? '') : markdown
}
