// The converter process: it reads whole pages and returns their raw facts and the Markdown of their main parts.
import { convert } from './convert.mjs'
import { serve } from './pipe.mjs'

serve((page, url, wantsFacts) => {
  const { markdown, facts } = convert(page, url, wantsFacts)
  return [facts ? JSON.stringify(facts) : '', markdown]
})
