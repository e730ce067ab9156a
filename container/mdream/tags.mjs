// The HTML elements that need special treatment, as numbers with properties.
//
// A property is a bit. Properties say what an element may contain, what it closes, and how it is converted.

/** An element without content and end tag. */
export const VOID = 1
/** An element whose content is not markup. */
export const RAW = 2
/** An element whose start tag closes an open paragraph. */
export const CLOSES_P = 4
/** An inline element: its end tag has no effect outside of the enclosing block. */
export const INLINE = 8
/** An element that limits the effect of end tags inside it. */
export const SCOPE = 16
/** Never text of the page. */
export const NEVER = 32
export const HEADING = 64
/** Allowed only in the head. */
export const OF_HEAD = 128
/** A block of text or data, which starts a new line. */
export const BLOCK = 256
/** An element whose start tag may close other elements. */
export const CLOSES = 512
/** One of the standard's "special" elements: end tags of other elements have no effect outside of it. */
export const SPECIAL = 1024
/** One of the standard's formatting elements, which are opened again after the block that closed them. */
export const FORMATTING = 2048
/** An element whose start tag closes an open `svg` or `math`. */
export const BREAKS_OUT = 4096
/** Text, or phrasing content before which formatting elements are opened again. */
export const PHRASING = 8192

/** @type {[string, number][]} */
const GROUPS = [
  ['a dd dt li nobr optgroup option rb rp rt rtc select', CLOSES],
  ['area base basefont bgsound col embed frame input keygen link meta param source track', VOID],
  ['br hr img wbr', VOID],
  ['iframe noembed noframes noscript plaintext script style textarea title xmp', RAW],
  ['address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form',
    CLOSES_P | CLOSES | BLOCK],
  ['h1 h2 h3 h4 h5 h6 header hgroup hr listing main menu nav ol p pre search section summary table ul',
    CLOSES_P | CLOSES | BLOCK],
  ['plaintext xmp', CLOSES_P | CLOSES],
  ['button', CLOSES],
  ['caption dd dt li tbody td tfoot th thead tr', BLOCK],
  ['h1 h2 h3 h4 h5 h6', HEADING],
  ['a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr output q rb rp rt ruby s samp',
    INLINE],
  ['slot small span strike strong sub sup time tt u var', INLINE],
  ['applet caption marquee object table td template th', SCOPE],
  ['annotation-xml desc foreignobject mi mn mo ms mtext', SCOPE | SPECIAL],
  ['audio canvas embed head iframe input noscript object script select style svg template textarea video', NEVER],
  ['devsite-feature-tooltip noembed noframes title', NEVER],
  ['base basefont bgsound link meta noframes noscript script style template title', OF_HEAD],
  ['address applet area article aside base basefont bgsound blockquote body br button caption center col colgroup dd', SPECIAL],
  ['details dir div dl dt embed fieldset figcaption figure footer form frame h1 h2 h3 h4 h5 h6 head header hgroup', SPECIAL],
  ['hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes noscript object ol', SPECIAL],
  ['p param plaintext pre script search section select source style summary table tbody td template textarea tfoot', SPECIAL],
  ['th thead title tr track ul wbr xmp', SPECIAL],
  ['a b big code em font i nobr s small strike strong tt u', FORMATTING],
  ['b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li menu meta nobr ol p', BREAKS_OUT],
  ['pre ruby s small span strong strike sub sup table tt u ul var', BREAKS_OUT],
  ['applet area br button embed img input keygen marquee object select wbr xmp', PHRASING],
]

/** The number of each known element, by its name. */
export const ID = Object.create(null)
/** The names, by their numbers. */
export const NAMES = []
const KNOWN = new Map()
const properties = []

function known(name) {
  if (!KNOWN.has(name)) {
    ID[name] = NAMES.length
    KNOWN.set(name, NAMES.length)
    NAMES.push(name)
    properties.push(0)
  }
  return KNOWN.get(name)
}

// 0 is a text node, 1 is the page itself.
known('#text')
known('#page')
for (const [names, property] of GROUPS) for (const name of names.split(' ')) properties[known(name)] |= property
const OTHERS = 'amp-vimeo amp-youtube joomla-hidden-mail lite-vimeo lite-youtube html body colgroup image math optgroup option picture foreignobject desc annotation-xml mi mo mn ms mtext'
for (const name of OTHERS.split(' ')) known(name)

// Elements of AMP that are written like those of HTML.
for (const name of ['audio', 'img', 'video']) KNOWN.set(`amp-${name}`, ID[name])

/** The first number for other elements, which are numbered again for each page. */
export const FIRST_FREE = NAMES.length
/** Maximum number of element names. Further elements are replaced by their content. */
export const MOST_IDS = FIRST_FREE + 500

/** The properties of each element, by its number. */
export const PROPERTIES = new Uint16Array(MOST_IDS)
PROPERTIES.set(properties.map((those) => (those & SPECIAL ? those : those | PHRASING)))
PROPERTIES.fill(PHRASING, FIRST_FREE)

/** Return a table with 1 at the numbers of the given elements. */
export function ids(...names) {
  const table = new Uint8Array(MOST_IDS)
  for (const name of names) table[ID[name]] = 1
  return table
}

/** Assigns numbers to the element names of one page. */
export class Numbering {
  constructor() {
    this.own = new Map()
  }

  /** Return the number of the element name at a position in the source, or -1 if there are too many names. */
  at(tree, from, to) {
    if (to - from <= SHORT) {
      const key = keyOf(tree.codes, from, to)
      const slot = slotOf(key)
      if (key !== 0 && KEYS[slot] === key) return SLOTS[slot]
    } else if (to - from <= LONGER) {
      const id = LONGER_ONES[longerSlotOf(tree.codes, from, to)]
      if (id && to - from === NAMES[id].length && isName(tree.codes, from, id)) return id
    }
    return this.slow(tree.slice(from, to).toLowerCase())
  }

  slow(name) {
    let number = KNOWN.get(name) ?? this.own.get(name)
    if (number === undefined) {
      if (FIRST_FREE + this.own.size >= MOST_IDS) return -1
      number = FIRST_FREE + this.own.size
      this.own.set(name, number)
    }
    return number
  }
}

/** Characters of a name that fit into one number. */
const SHORT = 4

function keyOf(codes, from, to) {
  let key = 0
  for (let at = from; at < to; at++) {
    if (codes[at] > 127) return 0
    // Converts upper case to lower case; digits do not change.
    key = (key << 7) | codes[at] | 32
  }
  return key
}

function slotOf(key) {
  return (key ^ (key >>> 7) ^ (key >>> 13)) & 4095
}

/** Maximum length of a name that is identified by some of its characters. */
const LONGER = 10

function longerSlotOf(codes, from, to) {
  // With these factors, no two known names have the same hash.
  return (((codes[from] | 32) * 3 + (codes[from + 2] | 32) * 11 + (codes[to - 1] | 32)) * 17 + to - from) & 511
}

// Buffers like the page, so that the compiler can specialise the comparison.
const NAME_CODES = NAMES.map((name) => Buffer.from(name))

/** Return whether the name of a known element, in lower case, is at a position. */
export function isName(codes, from, id) {
  const name = NAME_CODES[id]
  for (let at = 0; at < name.length; at++) if (codes[from + at] !== name[at]) return false
  return true
}

// Names whose slot is occupied are found by a slower search, as are long names.
const KEYS = new Int32Array(4096)
const SLOTS = new Uint16Array(4096)
for (let id = NAMES.length - 1; id > 1; id--) {
  if (NAMES[id].length > SHORT) continue
  const key = keyOf(NAME_CODES[id], 0, NAMES[id].length)
  KEYS[slotOf(key)] = key
  SLOTS[slotOf(key)] = id
}

const LONGER_ONES = new Uint16Array(512)
for (let id = NAMES.length - 1; id > 1; id--) {
  const { length } = NAMES[id]
  if (length > SHORT && length <= LONGER) LONGER_ONES[longerSlotOf(NAME_CODES[id], 0, length)] = id
}

/** Elements without an equivalent in Markdown: only their content is written. */
export const BARE = ids(
  'abbr', 'acronym', 'bdi', 'bdo', 'big', 'cite', 'colgroup', 'data', 'dfn', 'font', 'ins', 'label', 'mark', 'nobr',
  'optgroup', 'option', 'output', 'picture', 'rb', 'ruby', 'rtc', 'slot', 'small', 'span', 'time', 'u', 'wbr',
)
