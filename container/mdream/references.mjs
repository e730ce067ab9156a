// Character references: Mdream knows few of the 2,231 names of the standard, so others are resolved before it.
import { decodeHTML, decodeHTMLAttribute } from 'entities'

// The names and numbers that Mdream resolves as the standard does.
const OTHERS = /&(?!(?:amp|lt|gt|quot|apos|nbsp|#\d{2,5}|#x[\da-f]{2,4});)[a-z#]/i
const MARKUP = /[&<>]/g
const QUOTED = /[&<>"]/g
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Return text of a page as HTML whose references Mdream knows. */
export function plainReferences(text) {
  return text.includes('&') && OTHERS.test(text) ? decodeHTML(text).replace(MARKUP, (sign) => ESCAPES[sign]) : text
}

/** Return the text that a text of a page stands for. */
export function decoded(text) {
  return text.includes('&') ? decodeHTML(text) : text
}

/** Return the text that the value of an attribute stands for. */
export function decodedAttribute(value) {
  return value.includes('&') ? decodeHTMLAttribute(value) : value
}

/** Return text as HTML. */
export function escapedText(text) {
  return text.replace(MARKUP, (sign) => ESCAPES[sign])
}

/** Return text as the value of an attribute in double quotes. */
export function escapedAttribute(text) {
  return text.replace(QUOTED, (sign) => ESCAPES[sign])
}
