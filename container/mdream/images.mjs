// Images, films and embedded pages.
import { addressOf } from './addresses.mjs'
import { isShown } from './frames.mjs'
import { HIDDEN_STYLE } from './marks.mjs'
import { HIDDEN } from './names.mjs'
import { nextOf, previousOf } from './measure.mjs'
import { parseNoscript } from './parser.mjs'
import { decodedAttribute } from './references.mjs'
import { HEADING, ID, PROPERTIES, ids } from './tags.mjs'
import { ATTRIBUTE, countBelow } from './tree.mjs'

/** Attributes that scripts load an image from, and those with several sizes of it. */
const LAZY = [
  'data-src', 'data-original', 'data-lazy-src', 'nitro-lazy-src', 'data-original-src', 'data-orig-src', 'data-lazy', 'data-lazyload', 'data-cfsrc',
  'data-ezsrc', 'data-litespeed-src', 'data-echo', 'data-actualsrc', 'data-delayed-url', 'data-hi-res-src', 'data-full-src', 'data-flickity-lazyload', 'data-img-src', 'data-image', 'data-defer-src',
  'data-srcset', 'data-lazy-srcset', 'nitro-lazy-srcset', 'srcset',
].map((name) => ATTRIBUTE[name])
/** Those of them that only a script loads that replaces the image in `src`. */
const ALWAYS_LATER = ['data-lazy-src', 'nitro-lazy-src', 'data-lazy', 'data-lazyload', 'data-cfsrc', 'data-ezsrc', 'data-litespeed-src'].map((name) => ATTRIBUTE[name])
/** Those that replace it in an image with such a class. */
const LATER = ['data-src', 'data-original'].map((name) => ATTRIBUTE[name])
const LAZY_CLASS = /(?:^|[\s_-])(?:b-)?(?:lazy(?:load(?:ed|ing)?)?|lozad|js-lazy)(?:$|[\s_-])/i
const BLANK = /^\s*about:/i
const DATA = /^\s*data:/i
const PLACEHOLDER = /(?:(?:placeholder|blank|spacer|transparent|lazy|loading|1x1|pixel)[^/]{0,200}|(?:^|[/_-])(?:clear|dummy|empty|gr[ae]y|loader|trans|white))\.(?:gif|png|svg|jpe?g|webp)(?:$|\?)/i
const ORNAMENT = /(?:^|[\s/_.-])(?:icons?|logos?|avatars?|gravatar|emoji|spacer|pixel|badge|sprite|spinner|arrow|bullet|button|tracking|smil\w*|flags?|stars?|divider|line)(?=$|[\s/_.\d-])/i
const EMBEDS = /^https?:\/\/(?:[\w-]+\.)*(?:youtube(?:-nocookie)?\.com\/embed|youtu\.be|player\.vimeo\.com|vimeo\.com|dailymotion\.com\/embed|loom\.com\/embed|fast\.wistia|codepen\.io|codesandbox\.io\/embed|stackblitz\.com|jsfiddle\.net|open\.spotify\.com\/embed|w\.soundcloud\.com|slideshare\.net|speakerdeck\.com|google\.com\/maps|openstreetmap\.org|archive\.org\/embed|ted\.com|asciinema\.org)/i
const FILMS = ids('amp-vimeo', 'amp-youtube', 'audio', 'lite-vimeo', 'lite-youtube', 'video')
const DOCUMENTS = ids('embed', 'object')
const PICTURE_FILE = /\.(?:avif|gif|jpe?g|png|svg|webp)(?:[?#]|$)/i
const DOCUMENT = /\.(?:docx?|odt|pdf|pptx?|xlsx?|mp3|mp4|webm)(?:[?#]|$)/i
/** Pixels below which an image without a description counts as decoration. */
const SMALLEST = 48
const LEVELS = 4
/** Bytes of a `noscript` with only one image. */
const LONGEST_ONLY = 4000
/** Embedded pages beside a `noscript` that are compared with the one in it. */
const MOST_BESIDE = 50
/** Pixels of the width of an image whose address has a place for any width. */
const USUAL_WIDTH = 1080
/** Nodes of a picture in which its candidates are searched. */
const MOST_NODES = 200
/** Characters of a description that may replace an image without an address, such as an icon. */
const LONGEST_SIGN = 20
/** Cells of a row with only an image from which these are values, and cells that are examined. */
const FEWEST_VALUES = 2
const MOST_CELLS = 50
const CELLS = ids('td', 'th')
const LABELLED = ids('a', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'td', 'th')

/**
 * Return the description and the address of an image that is part of the text.
 *
 * The address is empty for an image that cannot be loaded; then only its description is left.
 */
export function imageOf(tree, node, origin) {
  const alt = decodedAttribute(tree.get(node, ATTRIBUTE.alt)).replace(/\s+/g, ' ').trim()
  const source = sourceOf(tree, node)
  const address = source && addressOf(source, origin)
  if (!address) return { alt: alt.length <= LONGEST_SIGN || isLabel(tree, node) ? alt : '', address: '' }
  return { alt, address: !alt && !isPicture(tree, node, address) ? '' : address }
}

/**
 * Return the image in a `noscript` that contains nothing else, unless there is an image beside it, which scripts would load;
 * then the address is empty.
 */
export function onlyImageOf(tree, node, origin) {
  const none = { alt: '', address: '' }
  if (tree.closeFrom[node] - tree.to[node] > LONGEST_ONLY) return none
  const beside = [previousOf(tree, node), nextOf(tree, node)].filter((one) => one >= 0)
  if (beside.some((one) => tree.tag[one] === ID.img || tree.first(one, ID.img) >= 0)) return none
  const inner = parseNoscript(tree, node)
  const images = inner.lists[ID.img]
  for (let one = 0; one < inner.count; one++) if (inner.tag[one] === 0 && inner.size[one] > 0) return none
  if (images.length !== 1) return none
  const { alt, address } = imageOf(inner, images[0], origin)
  return { alt, address: isTracker(inner, images[0]) ? '' : address }
}

/**
 * Return the title and the address of the page that is embedded in a `noscript`, unless it is also embedded beside it; then
 * the address is empty.
 */
export function onlyEmbedOf(tree, node, origin) {
  const none = { title: '', address: '' }
  if (tree.closeFrom[node] - tree.to[node] > LONGEST_ONLY) return none
  const inner = parseNoscript(tree, node)
  const frames = inner.lists[ID.iframe]
  const embedded = frames.length === 1 ? embedOf(inner, frames[0], origin) : none
  if (!embedded.address) return none
  const around = tree.parent[node]
  const all = tree.lists[ID.iframe]
  const first = countBelow(all, all.length, around)
  const beside = all.slice(first, first + MOST_BESIDE).filter((frame) => frame < tree.end[around])
  return beside.some((frame) => embeddedAddress(tree, frame, origin) === embedded.address) ? none : embedded
}

/** Return the address of an embedded page. It is read once, because several `noscript` elements may be beside it. */
function embeddedAddress(tree, frame, origin) {
  const { embedded } = tree
  if (!embedded.has(frame)) embedded.set(frame, embedOf(tree, frame, origin).address)
  return embedded.get(frame)
}

/** Return the description and the address of the picture that an `object` shows; the address is empty if it shows none. */
export function pictureOf(tree, node, origin) {
  const source = tree.get(node, ATTRIBUTE.data).trim()
  const isPicture = /^image\//i.test(tree.get(node, ATTRIBUTE.type)) || PICTURE_FILE.test(source)
  const address = isPicture && source && !DATA.test(source) ? addressOf(source, origin) : ''
  if (!address || tree.marks[node] & HIDDEN) return { alt: '', address: '' }
  let label = tree.get(node, ATTRIBUTE['aria-label']) || tree.get(node, ATTRIBUTE.title)
  if (!label && tree.closeFrom[node] - tree.to[node] <= LONGEST_ONLY) {
    const inner = parseNoscript(tree, node)
    label = inner.lists[ID.img].map((image) => inner.get(image, ATTRIBUTE.alt)).find(Boolean) ?? ''
  }
  const alt = decodedAttribute(label)
  return { alt: alt.replace(/\s+/g, ' ').trim(), address }
}

/** Return whether an image is loaded only to count the readers of a page. */
function isTracker(tree, node) {
  return HIDDEN_STYLE.test(tree.get(node, ATTRIBUTE.style)) || [ATTRIBUTE.width, ATTRIBUTE.height].some((name) => Number.parseInt(tree.get(node, name), 10) <= 1)
}

/** Return the address of the image that a browser would finally load. */
export function sourceOf(tree, node) {
  const source = writtenSource(tree, node)
  // Loaders of shops insert the width that they need.
  return source.includes('{width}') ? source.replace('{width}', widestOf(tree, node)) : source
}

/** Return the largest width of an image for which its server has a file. */
function widestOf(tree, node) {
  const widths = tree.get(node, ATTRIBUTE['data-widths']).match(/\d{1,5}/g) ?? []
  return String(widths.reduce((most, width) => Math.max(most, Number(width)), 0) || USUAL_WIDTH)
}

function writtenSource(tree, node) {
  const source = tree.get(node, ATTRIBUTE.src).trim()
  const isLazy = source && LAZY_CLASS.test(tree.get(node, ATTRIBUTE.class))
  for (const name of source ? (isLazy ? [...ALWAYS_LATER, ...LATER] : ALWAYS_LATER) : []) {
    const later = tree.has(node, name) ? largest(tree.get(node, name)) : ''
    if (later.includes('.') || later.includes('/')) return later
  }
  if (source && !DATA.test(source) && !PLACEHOLDER.test(source)) return source
  for (const name of LAZY) {
    const later = largest(tree.get(node, name))
    if (later) return later
  }
  return sourceAround(tree, node) || (DATA.test(source) ? '' : source)
}

function sourceAround(tree, node) {
  const picture = tree.parent[node]
  if (tree.tag[picture] === ID.picture) {
    for (let inner = picture + 1; inner < Math.min(tree.end[picture], picture + MOST_NODES); inner++) {
      if (tree.tag[inner] !== ID.source) continue
      const found = largest(tree.get(inner, ATTRIBUTE.srcset)) || largest(tree.get(inner, ATTRIBUTE['data-srcset']))
      if (found) return found
    }
  }
  const next = tree.end[node]
  if (next < tree.count && tree.tag[next] === ID.noscript && tree.parent[next] === tree.parent[node]) {
    const inner = parseNoscript(tree, next)
    const image = inner.lists[ID.img].find((one) => inner.has(one, ATTRIBUTE.src))
    if (image !== undefined) return inner.get(image, ATTRIBUTE.src)
  }
  return ''
}

/** Return the largest image of a list of candidates (`srcset`), or the address itself. */
function largest(list) {
  let best = ''
  let most = -1
  for (const part of list.trim().split(/,\s+|,(?=https?:|\/)/).slice(0, 30)) {
    const [address, size = '1x'] = part.trim().split(/\s+/)
    const number = Number.parseFloat(size) || 1
    if (address && !DATA.test(address) && number > most) {
      best = address
      most = number
    }
  }
  return best
}

/** Return whether an image without a description is part of the text and not decoration. */
function isPicture(tree, node, address) {
  if (isValue(tree, node)) return !PLACEHOLDER.test(address) && !isTracker(tree, node)
  for (const name of [ATTRIBUTE.width, ATTRIBUTE.height]) {
    const size = Number.parseInt(tree.get(node, name), 10)
    if (size < SMALLEST) return false
  }
  if (ORNAMENT.test(address.replace(/^.*\/\/[^/]*/, '')) || ORNAMENT.test(tree.get(node, ATTRIBUTE.class))) return false
  let isInFigure = false
  for (let above = tree.parent[node], level = 0; above > 0 && level < LEVELS; above = tree.parent[above], level++) {
    if (tree.tag[above] === ID.button || (PROPERTIES[tree.tag[above]] & HEADING && hasText(tree, above))) return false
    isInFigure ||= tree.tag[above] === ID.figure
  }
  return isInFigure || !/\.svg(?:$|\?)/i.test(address)
}

/** Return whether an image is the value in a cell of a table: its row begins with text, and others of its cells have only images. */
function isValue(tree, node) {
  const cell = tree.parent[node]
  if (tree.tag[cell] !== ID.td || hasText(tree, cell)) return false
  const row = tree.parent[cell]
  let values = 0
  let isFirst = true
  for (let other = row + 1, seen = 0; other < tree.end[row] && seen < MOST_CELLS && values < FEWEST_VALUES; other = tree.end[other], seen++) {
    if (!CELLS[tree.tag[other]]) continue
    if (isFirst && !hasText(tree, other)) return false
    if (!isFirst && !hasText(tree, other) && tree.first(other, ID.img) >= 0) values++
    isFirst = false
  }
  return values === FEWEST_VALUES
}

/** Return whether the description of an image is the only content of a link, a heading or a cell. */
function isLabel(tree, node) {
  for (let above = tree.parent[node], level = 0; above > 0 && level < LEVELS; above = tree.parent[above], level++) {
    if (LABELLED[tree.tag[above]]) return !hasText(tree, above)
  }
  return false
}

/** Elements of the page that was examined last that contain text, or do not: one with many images is searched once. */
const texts = { tree: null, changes: -1, known: new Map() }

function hasText(tree, top) {
  if (texts.tree !== tree || texts.changes !== tree.changes) Object.assign(texts, { tree, changes: tree.changes, known: new Map() })
  let found = texts.known.get(top)
  if (found === undefined) {
    found = false
    for (let node = top + 1; node < tree.end[top] && !found; node++) found = tree.size[node] > 0 && tree.tag[node] === 0 && !tree.gone[node]
    texts.known.set(top, found)
  }
  return found
}

/**
 * Return the title and the address of an embedded page, document, recording or video; the address is empty if it is not
 * meant for viewing.
 */
export function embedOf(tree, node, origin) {
  const none = { title: '', address: '' }
  const tag = tree.tag[node]
  if (tree.marks[node] & HIDDEN) return none
  const written = embeddedBy(tree, node)
  const address = written && addressOf(written.trim(), origin)
  if (!address || DATA.test(address)) return none
  const isPage = !FILMS[tag] && !(DOCUMENTS[tag] && DOCUMENT.test(address))
  const isPlayer = EMBEDS.test(address.startsWith('//') ? `https:${address}` : address)
  if (isPage && !isPlayer && !(tag === ID.iframe && isShown(tree, node, address))) return none
  const title = decodedAttribute(tree.get(node, ATTRIBUTE.title) || tree.get(node, ATTRIBUTE['aria-label'])).replace(/\s+/g, ' ').trim()
  return { title: title || (tag === ID.audio ? 'Audio' : FILMS[tag] ? 'Video' : nameOf(address, origin)), address }
}

function embeddedBy(tree, node) {
  const tag = tree.tag[node]
  if (tag === ID.audio || tag === ID.video) return filmOf(tree, node)
  if (FILMS[tag]) {
    if (tree.embedded.has(node)) return tree.embedded.get(node)
    const identity = encodeURIComponent(tree.get(node, ATTRIBUTE.videoid) || tree.get(node, ATTRIBUTE['data-videoid']))
    return identity && (tag === ID['lite-vimeo'] || tag === ID['amp-vimeo'] ? 'https://vimeo.com/' : 'https://www.youtube.com/watch?v=') + identity
  }
  const source = tree.get(node, ATTRIBUTE.src)
  if (source && !BLANK.test(source)) return source
  return tree.get(node, ATTRIBUTE['data-src']) || tree.get(node, ATTRIBUTE['data-lazy-src']) || tree.get(node, ATTRIBUTE.data)
}

function filmOf(tree, node) {
  const source = tree.get(node, ATTRIBUTE.src)
  if (source) return source.startsWith('blob:') ? '' : source
  for (let inner = node + 1; inner < tree.end[node]; inner++) {
    if (tree.tag[inner] !== ID.source) continue
    const later = tree.get(inner, ATTRIBUTE.src) || tree.get(inner, ATTRIBUTE['data-src'])
    if (later) return later
  }
  return ''
}

/** Return the name of an embedded document or page: of its file, or of its host if the file is a page of another site. */
function nameOf(address, origin) {
  const isOwn = !/^(?:https?:)?\/\//i.test(address) || hostOf(address) === hostOf(origin)
  return ((isOwn || DOCUMENT.test(address)) && fileOf(address)) || hostOf(address)
}

function fileOf(address) {
  return address.replace(/[?#][^]*$/, '').replace(/^.*\//, '')
}

function hostOf(address) {
  return /^(?:https?:)?\/\/(?:www\.|player\.)?([^/]+)/i.exec(address)?.[1] ?? address
}
