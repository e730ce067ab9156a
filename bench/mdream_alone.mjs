// Mdream by itself, in the same frames: the whole page in, its Markdown out. What the converter is measured against.
import { htmlToMarkdown } from '../container/mdream/node_modules/mdream/dist/index.mjs'
import { serve } from '../container/mdream/pipe.mjs'

const OPTIONS = { clean: true, isolateMain: false }

serve((page, url) => ['', htmlToMarkdown(page.toString(), { ...OPTIONS, origin: url }).trim()])
