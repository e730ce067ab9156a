// Addresses of links and images as the URL standard reads them, which is how the crawl reads them too.
import { decodedAttribute } from './references.mjs'

// What may stay as it is: a browser would change nothing but make it absolute.
const USUAL = /^(?!https?:(?!\/\/)|[a-z][a-z0-9+.-]*:[^/])[\w\-.~:/?#@!$'(*+,;=%)]+$/i
const BASED = /^(?:https?:\/\/|[/#?.]|[^:]*$)/i
const UNSAFE_IN_MARKDOWN = /[|<>]/g
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i
const PROTECTED = /email-protection#([0-9a-f]{4,200})$/i

/**
 * Return the address that the value of an attribute names, made absolute where its author wrote it unusually; empty when it is none.
 *
 * @param {string} written The value of the attribute.
 * @param {string} origin What it is relative to.
 */
export function addressOf(written, origin) {
  if (USUAL.test(written)) return written
  const address = decodedAttribute(written)
  try {
    const { href } = new URL(address, origin)
    return href.replace(UNSAFE_IN_MARKDOWN, encodeURIComponent)
  } catch {
    return BASED.test(address) ? address.replace(/[\s|<>"]/g, encodeURIComponent) : ''
  }
}

/** Return an address of `addressOf` as an absolute one, or as it is where it is none. */
export function absoluteOf(address, origin) {
  if (ABSOLUTE.test(address)) return address
  try {
    return new URL(address, origin).href
  } catch {
    return address
  }
}

/** Return a mail address that Cloudflare hides from programs, from a link or the code itself; else an empty text. */
export function protectedMail(address) {
  const code = PROTECTED.exec(address)?.[1] ?? (/^[0-9a-f]{4,200}$/i.test(address) ? address : '')
  const bytes = code.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
  const mail = bytes.slice(1).map((byte) => String.fromCharCode(byte ^ bytes[0])).join('')
  return /^[^\s@<>]+@[^\s@<>]+$/.test(mail) ? mail : ''
}
