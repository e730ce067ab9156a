// Decode character references: all 2,231 names of the standard, and numeric references.
import { decodeHTML, decodeHTMLAttribute } from 'entities'

/** Return a text with its character references decoded. */
export function decoded(text) {
  return text.includes('&') ? decodeHTML(text) : text
}

/** Return the value of an attribute with its character references decoded. */
export function decodedAttribute(value) {
  return value.includes('&') ? decodeHTMLAttribute(value) : value
}
