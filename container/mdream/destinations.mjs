// The destinations of links and images.

const UNSAFE_IN_ADDRESS = /[()\s]/
const SPECIAL_IN_ADDRESS = /[<>|\\&()`\s]/
const TRACKING = /[?&](?:utm_[a-z]+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|yclid|_ga)=/i
const IS_TRACKING = /^(?:utm_[a-z]+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|yclid|_ga)=/i
/** A label whose end all parsers find: text, simple code and images, without other brackets. `![^` may begin a note. */
const SIMPLE_LABEL = /^(?:[^[\]`\\!]|\\(?:[^\\[\]]|\\(?!\|))|`[^`]+`|!(?!\[)|!\[(?!\^)(?:[^[\]`\\]|\\[^[\]])*\]\((?:<[^<>[\]]*>|[^()<>[\]\s]*)\))*$/
const CODE_WITH_BACKTICKS = '``'

/** Return an address as a destination. @param {string} address */
function destination(address) {
  if (!SPECIAL_IN_ADDRESS.test(address)) return address
  const safe = escaped(address)
  return UNSAFE_IN_ADDRESS.test(safe) ? `<${safe}>` : safe
}

/**
 * Return an address as the destination of a link or an image.
 *
 * Some parsers do not find the end of each label. They find no link then, but a bare address, which would go on with the
 * text after the link. An address in angle brackets ends at the bracket.
 *
 * @param {string} label Label of the link, or description of the image.
 * @param {string} address
 */
export function destinationAfter(label, address) {
  const isSimple = SIMPLE_LABEL.test(label) && !label.includes(CODE_WITH_BACKTICKS)
  return isSimple ? destination(address) : `<${escaped(address)}>`
}

function escaped(address) {
  // A backtick would begin code where a parser reads no link. A space would let no parser read an autolink there.
  return address.replace(/[<>\s|`]/g, encodeURIComponent).replaceAll('\\', '%5C').replace(/&(?=#|[a-z0-9]+;)/gi, '&amp;')
}

/** Return an address without tracking parameters of campaigns. @param {string} address */
export function withoutTracking(address) {
  if (!address.includes('=') || !TRACKING.test(address)) return address
  const [rest, ...fragment] = address.split('#')
  const [path, query = ''] = [rest.slice(0, rest.indexOf('?')), rest.slice(rest.indexOf('?') + 1)]
  const kept = query.split('&').filter((one) => !IS_TRACKING.test(one)).join('&')
  return [kept ? `${path}?${kept}` : path, ...fragment].join('#')
}
