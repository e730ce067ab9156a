// Reads a JSON list of [page, readsNoscript] from standard input; writes the tree of each page as nested JSON lists:
// [name, attributes, ...children] for an element, a string for a text as it was written.
import { readFileSync } from 'node:fs'
import { parse } from '../container/mdream/parser.mjs'
import { FIRST_FREE, ID, NAMES, PROPERTIES, RAW } from '../container/mdream/tags.mjs'
import { ATTRIBUTE } from '../container/mdream/tree.mjs'

const NAME = /^<([^\s/>]+)/

/**
 * Return a node as nested lists.
 * @param {import('../container/mdream/tree.mjs').Tree} tree
 * @param {number} node
 * @param {boolean} readsNoscript
 * @returns {string | unknown[]}
 */
function nested(tree, node, readsNoscript) {
  const tag = tree.tag[node]
  if (tag === 0) return tree.raw(node)
  const name = tag < FIRST_FREE ? NAMES[tag] : (NAME.exec(tree.raw(node))?.[1] ?? '').toLowerCase()
  /** @type {unknown[]} */
  const element = [name, { href: tree.get(node, ATTRIBUTE.href) }]
  const end = tree.end[node]
  for (let inner = node + 1; inner < end; inner = tree.end[inner]) element.push(nested(tree, inner, readsNoscript))
  const isRaw = PROPERTIES[tag] & RAW && tag !== ID.plaintext && !(tag === ID.noscript && readsNoscript)
  if (isRaw && end === node + 1) element.push(tree.slice(tree.to[node], tree.closeFrom[node]))
  return element
}

/** @type {[string, boolean][]} */
const pages = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(pages.map(([page, readsNoscript]) => nested(parse(Buffer.from(page), { readsNoscript }), 0, readsNoscript))))
