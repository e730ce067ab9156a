// The converter process: it reads whole pages and returns their raw facts and the Markdown of their main parts.
import { convert } from './convert.mjs'
import { serve } from './pipe.mjs'

serve((page, url, wantsFacts) => {
  const { markdown, facts } = convert(page, url, wantsFacts)
  return [facts ? textOf(facts) : '', markdown]
})

/** Return facts as JSON, and after a line feed the navigation, which is JSON already and often has hundreds of quotes. */
function textOf({ navigation, ...facts }) {
  return `${JSON.stringify(facts)}\n${navigation}`
}
