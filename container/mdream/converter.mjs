// The converter process: whole pages in, what they say about themselves and the Markdown of their main part out.
import { factsOf, originOf } from './facts.mjs'
import { mainPart } from './main_part.mjs'
import { toMarkdown } from './markdown.mjs'
import { parse } from './parser.mjs'
import { serve } from './pipe.mjs'

// What is left to us of mdream's Markdown: the lines that it leaves empty after code in a list.
const AFTER_CODE = /^( +`{3,})\n{3,}/gm

serve((page, url, wantsFacts) => {
  const tree = parse(page)
  const facts = wantsFacts ? JSON.stringify(factsOf(tree)) : ''
  const origin = originOf(tree, url)
  const markdown = toMarkdown(mainPart(tree), origin).trim()
  return [facts, markdown.includes('`\n\n\n') ? markdown.replace(AFTER_CODE, '$1\n\n') : markdown]
})
