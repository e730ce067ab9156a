// The converter process: whole pages in, the Markdown of their main part out.
import { htmlToMarkdown } from 'mdream'
import { mainPart } from './main_part.mjs'
import { serve } from './pipe.mjs'

// What is left to mdream: the main part was found, and made plain, before it comes there.
const OPTIONS = { clean: true, isolateMain: false }

serve((html, url) => htmlToMarkdown(mainPart(html), { ...OPTIONS, origin: url }).trim())
