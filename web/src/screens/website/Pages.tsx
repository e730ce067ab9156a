import { useEffect, useMemo } from 'preact/hooks'
import Markdown from '../../markdown/Markdown'
import { Copy } from '../../parts/copy'
import { Dialog } from '../../parts/dialog'
import { Field } from '../../parts/form'
import { count, plural, shortUrl } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Empty, State } from '../../parts/states'
import { LongTable, type Column, type Sorting } from '../../parts/Table'
import { setQuery, usePlace } from '../../router'
import { listFiles, readFile, readManifest } from './files'

interface Page {
  /** Path in the archive; empty for a page that is not in it. */
  path: string
  url: string
  title: string
  section: string
  words: number
  tokens: number
  failure: string
}

/** Read the pages in the order of llms.txt, which is the order of the archive; pages that were left out come last. */
async function loadPages(generation: string, signal: AbortSignal): Promise<Page[]> {
  const [files, manifest] = await Promise.all([listFiles(generation, signal), readManifest(generation, signal)])
  const listed = new Map(files.map((file, position) => [file.path, { file, position }]))
  const position = (page: { path: string }) => listed.get(page.path)?.position ?? files.length
  const pages = [...manifest.pages]
    .sort((a, b) => position(a) - position(b))
    .map((page) => {
      const file = listed.get(page.path)?.file
      return { path: page.path, url: page.url, title: page.title || page.url, section: file?.section ?? '', words: page.words, tokens: file?.tokens ?? 0, failure: '' }
    })
  const failures = manifest.failures.map((failure) => ({ path: '', url: failure.url, title: failure.url, section: '', words: 0, tokens: 0, failure: failure.detail }))
  return [...pages, ...failures]
}

export default function Pages({ run }: { run: { id: string } }) {
  const pages = useLoad((signal) => loadPages(run.id, signal), [run.id])
  return (
    <div class="card flush">
      <Show of={pages} lines={10}>
        {(list) => <List pages={list} generation={run.id} />}
      </Show>
    </div>
  )
}

function List({ pages, generation }: { pages: Page[]; generation: string }) {
  const { query } = usePlace()
  const search = query.get('q') ?? ''
  const state = query.get('show') ?? 'all'
  const sorting = useSorting()
  const { label, descending } = sorting
  const shown = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    const found = pages.filter(
      (page) =>
        (state === 'all' || (state === 'failed') === Boolean(page.failure)) &&
        words.every((word) => `${page.title} ${page.url} ${page.section}`.toLowerCase().includes(word)),
    )
    return sorted(found, label, descending)
  }, [pages, search, state, label, descending])
  const opened = query.get('page')
  const index = shown.findIndex((page) => page.path === opened)
  return (
    <>
      <div class="card-head row">
        <div class="grow search">
          <Field label="Search pages" hideLabel name="q" type="search" placeholder="Search by title, address or section" value={search} onValue={(value) => setQuery({ q: value })} />
        </div>
        <label class="row small">
          Show
          <select class="input compact" value={state} onChange={(event) => setQuery({ show: event.currentTarget.value === 'all' ? null : event.currentTarget.value })}>
            <option value="all">all pages</option>
            <option value="included">included</option>
            <option value="failed">left out</option>
          </select>
        </label>
        <span class="small muted" role="status">
          {plural(shown.length, 'page')}
        </span>
      </div>
      {shown.length ? <LongTable name="Pages" columns={COLUMNS} rows={shown} rowKey={(page) => page.path || page.url} sorting={sorting} /> : <Empty title="No page matches">Change the search or the filter.</Empty>}
      {opened ? (
        <PagePanel
          generation={generation}
          path={opened}
          page={pages.find((page) => page.path === opened)}
          previous={shown[index - 1]?.path}
          next={index >= 0 ? shown[index + 1]?.path : undefined}
        />
      ) : null}
    </>
  )
}

/** Keep the column that the pages are sorted by in the URL: a press sorts, the next one turns round, the third ends it. */
function useSorting(): Sorting {
  const { query } = usePlace()
  const [, sign, label] = /^(-?)(.+)$/.exec(query.get('sort') ?? '') ?? []
  const descending = sign === '-'
  const onSort = (pressed: string) => setQuery({ sort: pressed !== label ? pressed : descending ? null : `-${pressed}` })
  return { label, descending, onSort }
}

const texts = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

function sorted(pages: Page[], label: string | undefined, descending: boolean): Page[] {
  const value = COLUMNS.find((column) => column.label === label)?.sort
  if (!value) return pages
  const compare = (a: string | number, b: string | number) => (typeof a === 'number' && typeof b === 'number' ? a - b : texts.compare(String(a), String(b)))
  return [...pages].sort((a, b) => (descending ? -1 : 1) * compare(value(a), value(b)))
}

const COLUMNS: Column<Page>[] = [
  {
    label: 'Title',
    sort: (page) => page.title,
    cell: (page) => (
      <>
        {page.path ? (
          <button type="button" class="page-open truncate" dir="auto" onClick={() => setQuery({ page: page.path }, { replace: false })}>
            {page.title}
          </button>
        ) : (
          <div class="truncate" title={page.url} dir="auto">
            {page.title}
          </div>
        )}
        <div class="truncate small muted" title={page.failure || page.url} dir={page.failure ? 'auto' : 'ltr'}>
          {page.failure || shortUrl(page.url)}
        </div>
      </>
    ),
  },
  {
    label: 'Section',
    wideOnly: true,
    sort: (page) => page.section,
    cell: (page) => (
      <div class="truncate muted" dir="auto" title={page.section}>
        {page.section}
      </div>
    ),
  },
  { label: 'Words', number: true, wideOnly: true, sort: (page) => page.words, cell: (page) => (page.path ? count(page.words) : '–') },
  { label: 'Tokens', number: true, sort: (page) => page.tokens, cell: (page) => (page.path ? count(page.tokens) : '–') },
  { label: 'State', wideOnly: true, sort: (page) => (page.failure ? 1 : 0), cell: (page) => (page.failure ? <State kind="bad">left out</State> : <State kind="good">included</State>) },
]

interface PanelProps {
  generation: string
  path: string
  page: Page | undefined
  previous: string | undefined
  next: string | undefined
}

/** One page's Markdown beside its address; the arrow keys go to the previous and the next page. */
function PagePanel({ generation, path, page, previous, next }: PanelProps) {
  const { query } = usePlace()
  const raw = query.get('view') === 'raw'
  const text = useLoad((signal) => readFile(generation, path, signal), [generation, path])
  const close = () => setQuery({ page: null, view: null })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return
      if ((event.target as Element | null)?.closest?.('input, select, textarea, pre')) return
      const target = event.key === 'ArrowLeft' ? previous : event.key === 'ArrowRight' ? next : undefined
      if (target) {
        event.preventDefault()
        setQuery({ page: target })
      }
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [previous, next])
  return (
    <Dialog kind="panel" title={page?.title ?? 'File'} onClose={close}>
      <div class="row between">
        <div class="grow">
          {page ? (
            <>
              <a class="small truncate" href={page.url} target="_blank" rel="noopener nofollow">
                {page.url}
              </a>
              <code class="small muted">{path}</code>
            </>
          ) : null}
        </div>
        <div class="row">
          <button type="button" class="button small" aria-disabled={!previous} onClick={() => previous && setQuery({ page: previous })}>
            ← Previous
          </button>
          <button type="button" class="button small" aria-disabled={!next} onClick={() => next && setQuery({ page: next })}>
            Next →
          </button>
          <button type="button" class="button small" aria-pressed={raw} onClick={() => setQuery({ view: raw ? null : 'raw' })}>
            {raw ? 'Rendered' : 'Raw'}
          </button>
          <Copy text={() => text.data ?? ''} />
        </div>
      </div>
      <Show of={text} lines={12}>
        {(content) => (raw ? <pre tabIndex={0}>{content}</pre> : <Markdown text={withoutFrontMatter(content)} />)}
      </Show>
    </Dialog>
  )
}

function withoutFrontMatter(text: string): string {
  if (!text.startsWith('---\n')) return text
  const end = text.indexOf('\n---\n', 4)
  if (end < 0) return text
  const rest = text.slice(end + 5).replace(/^\n+/, '')
  const line = rest.split('\n', 1)[0] ?? ''
  // The line below the front matter only leads to llms.txt.
  return line.startsWith('> ') && line.includes('[llms.txt](') && line.endsWith(')') ? rest.slice(line.length + 1) : rest
}
