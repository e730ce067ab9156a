// The converter process: whole pages in, what they say about themselves and the Markdown of their main part out.
import { convert } from './convert.mjs'
import { restored } from './literals.mjs'
import { toMarkdown } from './markdown.mjs'
import { serve } from './pipe.mjs'

// What is left to us of mdream's Markdown: the lines that it leaves empty after code in a list.
const AFTER_CODE = /^( +`{3,})\n{3,}/gm

serve((page, url, wantsFacts) => {
  const { html, origin, facts } = convert(page, url, wantsFacts)
  const markdown = restored(toMarkdown(html, origin)).trim()
  return [facts ? JSON.stringify(facts) : '', markdown.includes('`\n\n\n') ? markdown.replace(AFTER_CODE, '$1\n\n') : markdown]
})
