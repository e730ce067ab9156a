// Read the structured data of a page: the date of publication, and the price and properties of a product.
import { ID, NEVER, PROPERTIES } from './tags.mjs'
import { ATTRIBUTE } from './tree.mjs'

const MOST_SCRIPTS = 10
const LONGEST_SCRIPT = 200_000
const MOST_PROPERTIES = 5
const LONGEST_VALUE = 60
/** Maximum nesting of lists and objects that are searched for a product. */
const MOST_LEVELS = 5
const PUBLISHED = /"datePublished"\s*:\s*"([^"]{8,40})"/
const PRODUCT = /"@type"\s*:\s*(?:\[[^\]]{0,200})?"Product"/
const CURRENCY = /^[A-Z]{3}$/
const PRICE = /^\d{1,9}(?:\.\d{1,3})?$/

const { class: CLASS, datetime: DATETIME, itemprop: ITEMPROP, type: TYPE } = ATTRIBUTE

/** Return the dates of publication that a page states, the most reliable first. */
export function publishedOf(tree) {
  const found = []
  for (const text of scriptsOf(tree)) {
    const stated = PUBLISHED.exec(text)
    if (stated !== null) found.push(stated[1])
  }
  const times = tree.lists[ID.time].filter((node) => tree.has(node, DATETIME))
  const marked = times.find((node) => tree.get(node, ITEMPROP).toLowerCase() === 'datepublished' || /(?:^|[\s-])publish/.test(tree.get(node, CLASS)))
  // On a list of posts, each article has its own time.
  const own = tree.lists[ID.article].length === 1 ? times.find((node) => isWithin(tree, node, tree.lists[ID.article][0])) : undefined
  for (const node of [marked, own]) if (node !== undefined) found.push(tree.get(node, DATETIME).slice(0, 40))
  return found
}

/** Return price and properties of the page's only product as texts, as far as the visible text contains them. */
export function offerOf(tree) {
  const products = []
  for (const text of scriptsOf(tree)) if (PRODUCT.test(text)) collect(parsed(text), products, 0)
  if (products.length !== 1) return []
  const [product] = products
  const text = shownText(tree)
  const found = []
  const offer = [product.offers].flat().find((one) => one && typeof one === 'object')
  const price = textOf(offer?.price ?? offer?.lowPrice ?? offer?.priceSpecification?.price)
  const currency = textOf(offer?.priceCurrency ?? offer?.priceSpecification?.priceCurrency)
  if (PRICE.test(price) && CURRENCY.test(currency) && shows(text, price)) found.push(`${price} ${currency}`)
  for (const property of [product.additionalProperty].flat().slice(0, MOST_PROPERTIES)) {
    const name = textOf(property?.name)
    const value = textOf(property?.value)
    if (name && value && name.length + value.length <= LONGEST_VALUE && text.includes(value)) found.push(`${name}: ${value}`)
  }
  return found
}

function scriptsOf(tree) {
  return tree.lists[ID.script].filter((node) => tree.get(node, TYPE).toLowerCase() === 'application/ld+json').slice(0, MOST_SCRIPTS)
    .map((node) => tree.slice(tree.to[node], Math.min(tree.closeFrom[node], tree.to[node] + LONGEST_SCRIPT)))
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Collect the products that structured data describes, without those that it only lists. */
function collect(data, found, depth) {
  if (!data || typeof data !== 'object' || depth > MOST_LEVELS) return
  if (Array.isArray(data)) for (const one of data) collect(one, found, depth + 1)
  else if ([data['@type']].flat().includes('Product')) found.push(data)
  else if (data['@graph'] || data.mainEntity) collect(data['@graph'] ?? data.mainEntity, found, depth + 1)
}

/** Return a value of structured data as text; for a list, its only value; for other lists and objects, nothing. */
function textOf(value) {
  const [one, ...others] = [value].flat()
  return (typeof one === 'string' || typeof one === 'number') && others.length === 0 ? String(one).trim() : ''
}

/** Return whether a text contains a price, in any number format. */
function shows(text, price) {
  const [whole, part] = price.split('.')
  return Number(part ?? 0) ? new RegExp(`${whole}[.,]${part}`).test(text.replace(/(?<=\d)[\s.,'’](?=\d{3})/g, '')) : text.replace(/(?<=\d)[\s.,'’](?=\d{3})/g, '').includes(whole)
}

function shownText(tree) {
  let text = ''
  for (let node = 0; node < tree.count && text.length < LONGEST_SCRIPT; node++) {
    if (tree.tag[node] === 0) text += tree.raw(node)
    else if (PROPERTIES[tree.tag[node]] & NEVER) node = tree.end[node] - 1
  }
  return text
}

function isWithin(tree, node, outer) {
  return node > outer && node < tree.end[outer]
}
