// Character references: all 2,231 names of the standard, and numbers.
import { decodeHTML, decodeHTMLAttribute } from 'entities'

/** Return the text that a text of a page stands for. */
export function decoded(text) {
  return text.includes('&') ? decodeHTML(text) : text
}

/** Return the text that the value of an attribute stands for. */
export function decodedAttribute(value) {
  return value.includes('&') ? decodeHTMLAttribute(value) : value
}
