/**
 * Parses untrusted Markdown into a tree of allowed nodes.
 *
 * The tree holds text and structure only: raw HTML becomes text, images become links, and a link keeps its destination
 * only when it is an http, https or mailto URL. {@link Markdown} turns the tree into DOM nodes, never into HTML text.
 */

import { lexer, type Token, type Tokens } from 'marked'

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'pre'; text: string; language: string }
  | { kind: 'break' }
  | { kind: 'rule' }
  | { kind: 'link'; url: string; children: Node[] }
  | { kind: 'image'; url: string; alt: string }
  | { kind: 'checkbox'; checked: boolean }
  | { kind: 'heading'; level: number; children: Node[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Node[][] }
  | { kind: 'table'; head: Node[][]; rows: Node[][][] }
  | { kind: 'paragraph' | 'quote' | 'strong' | 'emphasis' | 'deleted'; children: Node[] }

/** Deeper structures are shown as text, so that no input can exhaust the stack. */
const DEEPEST = 40

/**
 * A run of markup that makes the lexer slow or its recursion deep: many brackets, quotation signs, bullets or emphasis
 * signs in a row. Rules and table lines of dashes are ordinary; bullets count only with the space that makes them one.
 */
const EXCESSIVE = /[[\]*_~|`]{200}|(?:>[ \t]*|[*+-][ \t]+){60}|(?:<[a-z][^<>]{0,200}>\s*){150}/i

/** Return the nodes of a Markdown text, or null when its markup is too complex to parse. */
export function parse(markdown: string): Node[] | null {
  if (EXCESSIVE.test(markdown)) return null
  try {
    return nodes(lexer(markdown, { gfm: true, breaks: false }), 0)
  } catch {
    return null // The lexer's recursion is limited by the stack.
  }
}

function nodes(tokens: Token[] | undefined, depth: number): Node[] {
  if (!tokens) return []
  if (depth > DEEPEST) return tokens.map((token) => ({ kind: 'text', text: token.raw }))
  return tokens.flatMap((token) => node(token, depth + 1))
}

function node(token: Token, depth: number): Node[] {
  switch (token.type) {
    case 'space':
    case 'def':
      return []
    case 'text':
    case 'escape': {
      const children = (token as Tokens.Text).tokens
      return children ? nodes(children, depth) : [{ kind: 'text', text: decoded(token['text'] as string) }]
    }
    case 'paragraph':
      return [{ kind: 'paragraph', children: nodes(token.tokens, depth) }]
    case 'heading':
      return [{ kind: 'heading', level: (token as Tokens.Heading).depth, children: nodes(token.tokens, depth) }]
    case 'strong':
      return [{ kind: 'strong', children: nodes(token.tokens, depth) }]
    case 'em':
      return [{ kind: 'emphasis', children: nodes(token.tokens, depth) }]
    case 'del':
      return [{ kind: 'deleted', children: nodes(token.tokens, depth) }]
    case 'codespan':
      return [{ kind: 'code', text: (token as Tokens.Codespan).text }]
    case 'code':
      return [{ kind: 'pre', text: (token as Tokens.Code).text, language: (token as Tokens.Code).lang ?? '' }]
    case 'br':
      return [{ kind: 'break' }]
    case 'hr':
      return [{ kind: 'rule' }]
    case 'blockquote':
      return [{ kind: 'quote', children: nodes(token.tokens, depth) }]
    case 'link': {
      const url = safeUrl((token as Tokens.Link).href)
      const children = nodes(token.tokens, depth)
      return url ? [{ kind: 'link', url, children }] : children
    }
    case 'image': {
      const { href, text } = token as Tokens.Image
      const url = safeUrl(href)
      return url ? [{ kind: 'image', url, alt: text }] : [{ kind: 'text', text }]
    }
    case 'list': {
      const list = token as Tokens.List
      return [{ kind: 'list', ordered: list.ordered, start: Number(list.start) || 1, items: list.items.map((item) => listItem(item, depth)) }]
    }
    case 'checkbox':
      return [{ kind: 'checkbox', checked: Boolean((token as { checked?: boolean }).checked) }]
    case 'table': {
      const table = token as Tokens.Table
      return [
        {
          kind: 'table',
          head: table.header.map((cell) => nodes(cell.tokens, depth)),
          rows: table.rows.map((row) => row.map((cell) => nodes(cell.tokens, depth))),
        },
      ]
    }
    default:
      return [{ kind: 'text', text: token.raw }] // raw HTML and whatever a later version adds
  }
}

function listItem(item: Tokens.ListItem, depth: number): Node[] {
  const children = nodes(item.tokens, depth)
  const first = children[0]
  const marked = item.tokens.some((token) => token.type === 'checkbox') || first?.kind === 'checkbox'
  return item.task && !marked ? [{ kind: 'checkbox', checked: Boolean(item.checked) }, ...children] : children
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: '\u00a0' }

function decoded(text: string): string {
  return text.replace(/&(#?\w{1,8});/g, (whole, name: string) => ENTITIES[name] ?? whole)
}

/** Return the URL when a click on it can do no harm, else an empty string. */
export function safeUrl(destination: string): string {
  let url: URL
  try {
    url = new URL(destination)
  } catch {
    return ''
  }
  return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : ''
}
