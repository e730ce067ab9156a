// Addresses of links and images by the rules of the URL standard, which the crawl also follows.
import { decodedAttribute } from './references.mjs'

// Addresses that can stay unchanged: a browser would only make them absolute.
const USUAL = /^(?!https?:(?!\/\/[^/])|[a-z][a-z0-9+.-]*:[^/])[\w\-.~:/?#@!$'(*+,;=%)]+$/i
const BASED = /^(?:https?:\/\/|[/#?.]|[^:]*$)/i
const UNSAFE_IN_MARKDOWN = /[|<>]/g
const WEB = /^https?:/i
/** Addresses of the web with a usual host, which need not be parsed. */
const HOST = /^https?:\/\/[\w-]+(?:\.[\w-]+)*(?:[/?#]|$)/i
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i
// Relative addresses that can be appended to a folder, as the URL standard would do after parsing them.
const PLAIN = /^(?:\.\.\/)*\w[\w-]*(?:\.[\w-]+)*(?:\/\w[\w-]*(?:\.[\w-]+)*)*\/?(?:#[\w\-.~:/]*)?$/
/** The base address of the last page, and its folders. @type {{ origin: string, folders: string[] }} */
const based = { origin: '', folders: [] }
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

/**
 * Return an address of `addressOf` as an absolute address; return other values unchanged. An address of the web that no
 * browser would open is empty.
 */
export function absoluteOf(address, origin) {
  if (PLAIN.test(address)) {
    let levels = 0
    while (address.startsWith('../', 3 * levels)) levels++
    const folder = folderOf(origin, levels)
    if (folder) return folder + address.slice(3 * levels)
  }
  if (ABSOLUTE.test(address) && (!WEB.test(address) || HOST.test(address) || URL.canParse(address))) return address
  try {
    return new URL(address, origin).href
  } catch {
    return WEB.test(address) ? '' : address
  }
}

/** Return the folder of an address of a page, or of a level above it; empty if the address has no folders. */
function folderOf(origin, level) {
  if (origin !== based.origin) {
    based.origin = origin
    based.folders = foldersOf(origin)
  }
  return based.folders[Math.min(level, based.folders.length - 1)] ?? ''
}

/** Return the folders of an address, the innermost first. */
function foldersOf(origin) {
  if (!URL.canParse(origin)) return []
  const { protocol, href, pathname } = new URL(origin)
  if (protocol !== 'http:' && protocol !== 'https:') return []
  const start = href.indexOf('/', protocol.length + 2)
  const folders = []
  for (let at = pathname.lastIndexOf('/'); at >= 0; at = at > 0 ? pathname.lastIndexOf('/', at - 1) : -1) {
    folders.push(href.slice(0, start + at + 1))
  }
  return folders
}

/** Return a mail address that Cloudflare hides from programs, from a link or the code itself; else an empty text. */
export function protectedMail(address) {
  if (!address) return ''
  const code = PROTECTED.exec(address)?.[1] ?? (/^[0-9a-f]{4,200}$/i.test(address) ? address : '')
  const bytes = code.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
  const mail = bytes.slice(1).map((byte) => String.fromCharCode(byte ^ bytes[0])).join('')
  return /^[^\s@<>]+@[^\s@<>]+$/.test(mail) ? mail : ''
}
