/**
 * Parses untrusted Markdown into a tree of allowed nodes.
 *
 * The tree holds text and structure only: raw HTML becomes text, except the line breaks and lists that the converter
 * writes in cells of tables. Images become links, and a link keeps its destination only when it is an http, https or
 * mailto URL. {@link Markdown} turns the tree into DOM nodes, never into HTML text.
 */

import MarkdownIt, { type Token } from 'markdown-it'

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

/** Levels of structures that are shown; no input can exhaust the stack. */
const DEEPEST = 40

/** Longer texts would become more nodes than a browser shows in reasonable time. */
const LONGEST = 300_000

/** The parser reads the rest of a quotation again for each definition of a link in it. */
const MOST_DEFINITIONS = 1000

// A parser that takes time in proportion to the text, whatever its markup is. Tags within a line become tokens.
const parser = new MarkdownIt('default', { html: true, linkify: false }).disable('html_block')
const withoutDefinitions = new MarkdownIt('default', { html: true, linkify: false }).disable(['html_block', 'reference'])

const TASK = /^\[([ xX])\] /

/** Return the nodes of a Markdown text, or null when it is too long or nested too deeply to be shown. */
export function parse(markdown: string): Node[] | null {
  if (markdown.length > LONGEST) return null
  const chosen = markdown.split(']:').length > MOST_DEFINITIONS ? withoutDefinitions : parser
  try {
    return new Reader(chosen.parse(markdown, {})).nodes(0)
  } catch {
    return null // It is nested too deeply, or the parser found a destination that is no URL.
  }
}

/** Turns the parser's list of tokens into nodes: an element begins with a token, and ends with its counterpart. */
class Reader {
  private at = 0

  constructor(private readonly tokens: Token[]) {}

  /** Return the nodes up to the end of the element around them. */
  nodes(depth: number): Node[] {
    if (depth > DEEPEST) throw new RangeError('nested too deeply')
    const found: Node[] = []
    for (let token = this.next(); token; token = this.next()) {
      for (const node of this.node(token, depth + 1)) add(found, node)
    }
    return found
  }

  /** Return the next token, or undefined where the element ends. */
  private next(): Token | undefined {
    const token = this.tokens[this.at++]
    return token && token.nesting >= 0 ? token : undefined
  }

  private node(token: Token, depth: number): Node[] {
    switch (token.type) {
      case 'inline':
        return new Reader(token.children ?? []).nodes(depth)
      case 'text':
      case 'text_special':
        return [{ kind: 'text', text: token.content }]
      case 'softbreak':
        return [{ kind: 'text', text: '\n' }]
      case 'hardbreak':
        return [{ kind: 'break' }]
      case 'paragraph_open': {
        const children = this.nodes(depth)
        return token.hidden ? children : [{ kind: 'paragraph', children }]
      }
      case 'heading_open':
        return [{ kind: 'heading', level: Number(token.tag.slice(1)), children: this.nodes(depth) }]
      case 'strong_open':
        return [{ kind: 'strong', children: this.nodes(depth) }]
      case 'em_open':
        return [{ kind: 'emphasis', children: this.nodes(depth) }]
      case 's_open':
        return [{ kind: 'deleted', children: this.nodes(depth) }]
      case 'blockquote_open':
        return [{ kind: 'quote', children: this.nodes(depth) }]
      case 'code_inline':
        return [{ kind: 'code', text: token.content }]
      case 'fence':
      case 'code_block':
        return [{ kind: 'pre', text: token.content.replace(/\n$/, ''), language: token.info.trim().split(/\s/)[0] ?? '' }]
      case 'hr':
        return [{ kind: 'rule' }]
      case 'link_open': {
        const url = safeUrl(String(token.attrGet('href')))
        const children = this.nodes(depth)
        return url ? [{ kind: 'link', url, children }] : children
      }
      case 'image': {
        const url = safeUrl(String(token.attrGet('src')))
        return url ? [{ kind: 'image', url, alt: token.content }] : [{ kind: 'text', text: token.content }]
      }
      case 'bullet_list_open':
      case 'ordered_list_open':
        return [
          { kind: 'list', ordered: token.type === 'ordered_list_open', start: Number(token.attrGet('start') ?? 1), items: this.items(depth) },
        ]
      case 'table_open':
        return [this.table(depth)]
      case 'html_inline':
        return [this.tag(token.content, depth)]
      default:
        return token.nesting > 0 ? this.nodes(depth) : [{ kind: 'text', text: token.content }]
    }
  }

  private items(depth: number): Node[][] {
    const items: Node[][] = []
    while (this.next()) items.push(asTask(this.nodes(depth)))
    return items
  }

  /** Return what a tag of the converter stands for; other tags are text. */
  private tag(tag: string, depth: number): Node {
    if (tag === '<br>') return { kind: 'break' }
    if (tag !== '<ul>' && tag !== '<ol>') return { kind: 'text', text: tag }
    if (depth > DEEPEST) throw new RangeError('nested too deeply')
    const end = tag.replace('<', '</')
    const items: Node[][] = []
    for (let token = this.next(); token && token.content !== end; token = this.next()) {
      if (token.content === '<li>' || !items.length) items.push([])
      if (token.content !== '<li>' && token.content !== '</li>') for (const node of this.node(token, depth + 1)) add(items[items.length - 1] as Node[], node)
    }
    return { kind: 'list', ordered: tag === '<ol>', start: 1, items }
  }

  private table(depth: number): Node {
    const rows: Node[][][] = []
    for (let token = this.tokens[this.at++]; token && token.type !== 'table_close'; token = this.tokens[this.at++]) {
      if (token.type === 'tr_open') rows.push([])
      else if (token.type === 'th_open' || token.type === 'td_open') rows[rows.length - 1]?.push(this.nodes(depth))
    }
    return { kind: 'table', head: rows[0] ?? [], rows: rows.slice(1) }
  }
}

/** Add a node; texts that follow each other become one. */
function add(nodes: Node[], node: Node): void {
  const last = nodes[nodes.length - 1]
  if (node.kind === 'text' && last?.kind === 'text') last.text += node.text
  else nodes.push(node)
}

/** Return the nodes of a list item; one that begins with `[ ]` or `[x]` begins with a check box. */
function asTask(item: Node[]): Node[] {
  const first = item[0]
  if (first?.kind === 'paragraph') return [{ ...first, children: asTask(first.children) }, ...item.slice(1)]
  const mark = first?.kind === 'text' ? TASK.exec(first.text) : null
  if (first?.kind !== 'text' || !mark) return item
  return [{ kind: 'checkbox', checked: mark[1] !== ' ' }, { kind: 'text', text: first.text.slice(mark[0].length) }, ...item.slice(1)]
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
