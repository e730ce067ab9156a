// The converter process: whole pages in, what they say about themselves and the Markdown of their main part out.
import { convert } from './convert.mjs'
import { serve } from './pipe.mjs'

serve((page, url, wantsFacts) => {
  const { markdown, facts } = convert(page, url, wantsFacts)
  return [facts ? JSON.stringify(facts) : '', markdown]
})
