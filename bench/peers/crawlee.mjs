// The site that is measured, crawled by Crawlee's CheerioCrawler: one Markdown file a page, made by mdream.
//
// node crawlee.mjs URL FOLDER CONNECTIONS
import { mkdirSync, writeFileSync } from 'node:fs'
import { CheerioCrawler, Configuration, log } from '@crawlee/cheerio'
import { htmlToMarkdown } from 'mdream'

const [start, folder, connections] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
log.setLevel(log.LEVELS.ERROR)
const crawler = new CheerioCrawler(
  {
    minConcurrency: Number(connections),
    maxConcurrency: Number(connections),
    maxRequestRetries: 2,
    async requestHandler({ request, body, enqueueLinks }) {
      const name = new URL(request.url).pathname.slice(1).replaceAll('/', '_') || 'index.html'
      writeFileSync(`${folder}/${name}.md`, htmlToMarkdown(String(body), { origin: request.url }))
      await enqueueLinks({ strategy: 'same-hostname' })
    },
  },
  new Configuration({ persistStorage: false, purgeOnStart: false }),
)
await crawler.run([start])
