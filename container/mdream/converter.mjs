// The converter process: whole pages in, what they say about themselves and the Markdown of their main part out.
import { htmlToMarkdown } from 'mdream'
import { factsOf, originOf } from './facts.mjs'
import { mainPart } from './main_part.mjs'
import { parse } from './parser.mjs'
import { serve } from './pipe.mjs'

// What is left to mdream: the main part was found, and made plain, before it comes there.
const OPTIONS = { clean: true, isolateMain: false }

serve((html, url, wantsFacts) => {
  const tree = parse(html)
  const facts = wantsFacts ? JSON.stringify(factsOf(tree)) : ''
  const origin = originOf(tree, url)
  return [facts, htmlToMarkdown(mainPart(tree), { ...OPTIONS, origin }).trim()]
})
