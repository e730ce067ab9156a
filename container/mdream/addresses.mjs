// Addresses of links and images by the rules of the URL standard, which the crawl also follows.
import { decodedAttribute } from './references.mjs'

// Addresses that can stay unchanged: a browser would only make them absolute.
const USUAL = /^(?!https?:(?!\/\/)|[a-z][a-z0-9+.-]*:[^/])[\w\-.~:/?#@!$'(*+,;=%)]+$/i
const BASED = /^(?:https?:\/\/|[/#?.]|[^:]*$)/i
const UNSAFE_IN_MARKDOWN = /[|<>]/g
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i
const PROTECTED = /email-protection#([0-9a-f]{4,200})$/i

/**
 * Return the address in the value of an attribute, made absolute if it is written in an unusual way; empty if it is
 * not an address.
 *
 * @param {string} written The value of the attribute.
 * @param {string} origin The address that it is relative to.
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

/** Return an address of `addressOf` as an absolute address; return other values unchanged. */
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
  if (!address) return ''
  const code = PROTECTED.exec(address)?.[1] ?? (/^[0-9a-f]{4,200}$/i.test(address) ? address : '')
  const bytes = code.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
  const mail = bytes.slice(1).map((byte) => String.fromCharCode(byte ^ bytes[0])).join('')
  return /^[^\s@<>]+@[^\s@<>]+$/.test(mail) ? mail : ''
}
