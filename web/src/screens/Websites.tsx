import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { call, type BulkAnswer, type Generation, type HistoryPage, type Plan, type Website, type WebsiteList } from '../api/client'
import { useAccount } from '../account'
import { Dialog } from '../parts/dialog'
import { Field, FormError, Submit, useSubmission } from '../parts/form'
import { ago, count, dateTime, isAddress, plural, shortUrl } from '../parts/format'
import { Show, useLoad, type Loaded } from '../parts/load'
import { GenerateButton, NoneLeft, useNoneLeft } from '../parts/Quota'
import { Score } from '../parts/Score'
import { Empty, Notice, State, Title } from '../parts/states'
import { NONE, Table, type Column } from '../parts/Table'
import { toast } from '../parts/toast'
import { go, setQuery, usePlace } from '../router'
import { urlProblem, useStart } from '../starting'

interface Row {
  website: Website
  /** The newest generation, where the history shows one. */
  run: Generation | undefined
}

const PER_PAGE = 100
const MOST_PAGES = 10

/** Read all websites (up to 1,000) and their newest generations. */
async function loadRows(signal: AbortSignal): Promise<Row[]> {
  const first = await call<WebsiteList>(`/websites?per_page=${PER_PAGE}`, { signal })
  const more = Array.from({ length: Math.min(first.pages, MOST_PAGES) - 1 }, (_, index) =>
    call<WebsiteList>(`/websites?per_page=${PER_PAGE}&page=${index + 2}`, { signal }),
  )
  const [history, ...others] = await Promise.all([call<HistoryPage>('/generations/history?per_page=100', { signal }), ...more])
  const newest = new Map<string, Generation>()
  for (const run of history.items) if (!newest.has(run.website_id)) newest.set(run.website_id, run)
  const websites = [first, ...others].flatMap((page) => page.items)
  return websites.map((website) => ({ website, run: newest.get(website.id) }))
}

const SORTS: Record<string, (a: Row, b: Row) => number> = {
  newest: (a, b) => (b.website.last_generated_at ?? b.website.created_at).localeCompare(a.website.last_generated_at ?? a.website.created_at),
  name: (a, b) => a.website.name.localeCompare(b.website.name),
  pages: (a, b) => (b.run?.pages_crawled ?? -1) - (a.run?.pages_crawled ?? -1),
  score: (a, b) => (a.run?.quality?.score ?? 101) - (b.run?.quality?.score ?? 101),
}

const FILTERS: Record<string, (row: Row) => boolean> = {
  all: () => true,
  running: ({ run }) => isRunning(run),
  failed: ({ run }) => run?.status === 'failed',
  never: ({ run, website }) => !run && !website.last_generated_at,
}

export default function Websites() {
  const { query, refusal } = usePlace()
  const rows = useLoad(loadRows, [])
  useRunning(rows)
  const [adding, setAdding] = useState<'one' | 'many' | null>(refusal ? 'one' : null)
  const close = () => {
    setAdding(null)
    setQuery({ url: null })
  }
  return (
    <div class="stack loose">
      <div class="row between">
        <Title text="Websites" />
        <div class="row">
          <button type="button" class="button" onClick={() => setAdding('many')}>
            Add several
          </button>
          <button type="button" class="button primary" onClick={() => setAdding('one')}>
            Add website
          </button>
        </div>
      </div>
      {refusal ? <Notice kind="bad">{refusal}</Notice> : null}
      {rows.data?.length && !adding ? <NoneLeft /> : null}
      <Show of={rows} lines={6}>
        {(list) => (list.length === 0 ? <NoWebsites add={() => setAdding('one')} /> : <List rows={list} />)}
      </Show>
      {adding === 'one' ? <AddOne url={query.get('url') ?? ''} existing={rows.data?.length ?? 0} onClose={close} /> : null}
      {adding === 'many' ? <AddMany existing={rows.data?.length ?? 0} onClose={close} onAdded={rows.reload} /> : null}
    </div>
  )
}

/** Seconds between two looks at running generations, while the page is shown and while it is hidden. */
const LOOK = 5
const LOOK_HIDDEN = 30

/** Load the list again while generations run, and tell of those that ended. */
function useRunning({ data, error, reload }: Loaded<Row[]>) {
  const running = useRef(new Set<string>())
  useEffect(() => {
    if (!data) return
    for (const { website, run } of data) {
      if (!run || isRunning(run) || !running.current.has(run.id)) continue
      if (run.status === 'completed') toast(`The files of ${website.name} are ready.`, `/websites/${website.id}`)
      if (run.status === 'failed') toast(`The generation of ${website.name} failed.`, `/websites/${website.id}?run=${run.id}`)
    }
    running.current = new Set(data.flatMap(({ run }) => (run && isRunning(run) ? [run.id] : [])))
    if (running.current.size === 0) return
    const pause = Math.max(document.hidden ? LOOK_HIDDEN : LOOK, error?.retryAfter ?? 0)
    const timer = setTimeout(reload, 1000 * pause)
    return () => clearTimeout(timer)
  }, [data, error, reload])
}

function NoWebsites({ add }: { add: () => void }) {
  return (
    <div class="card">
      <Empty
        title="No websites yet"
        action={
          <button type="button" class="button primary" onClick={add}>
            Add website
          </button>
        }
      >
        Add the address of a website. Its files, score and history appear here.
      </Empty>
    </div>
  )
}

function List({ rows }: { rows: Row[] }) {
  const { query } = usePlace()
  const search = query.get('q') ?? ''
  const filter = query.get('show') ?? 'all'
  const sort = query.get('sort') ?? 'newest'
  const shown = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    return rows
      .filter(FILTERS[filter] ?? (() => true))
      .filter(({ website }) => words.every((word) => `${website.name} ${website.url}`.toLowerCase().includes(word)))
      .sort(SORTS[sort] ?? SORTS['newest'])
  }, [rows, search, filter, sort])
  return (
    <div class="card flush">
      <div class="card-head row">
        <div class="grow search">
          <Field label="Search" hideLabel name="q" type="search" placeholder="Search by name or address" value={search} onValue={(value) => setQuery({ q: value })} />
        </div>
        <label class="row small">
          Show
          <select class="input compact" value={filter} onChange={(event) => setQuery({ show: event.currentTarget.value === 'all' ? null : event.currentTarget.value })}>
            <option value="all">all</option>
            <option value="running">running</option>
            <option value="failed">failed</option>
            <option value="never">never generated</option>
          </select>
        </label>
        <label class="row small">
          Sort by
          <select class="input compact" value={sort} onChange={(event) => setQuery({ sort: event.currentTarget.value === 'newest' ? null : event.currentTarget.value })}>
            <option value="newest">last run</option>
            <option value="name">name</option>
            <option value="pages">pages</option>
            <option value="score">lowest score</option>
          </select>
        </label>
      </div>
      {shown.length === 0 ? (
        <Empty title="No website matches" action={<button type="button" class="button" onClick={() => setQuery({ q: null, show: null })}>Show all websites</button>}>
          Change the search or the filter.
        </Empty>
      ) : (
        <Table name="Your websites" columns={COLUMNS} rows={shown} rowKey={({ website }) => website.id} />
      )}
      <p class="visually-hidden" role="status">
        {plural(shown.length, 'website')} shown
      </p>
    </div>
  )
}

const COLUMNS: Column<Row>[] = [
  {
    label: 'Website',
    cell: ({ website }) => (
      <>
        <a class="site-name truncate" href={`/websites/${website.id}`} dir="auto" title={website.name}>
          {website.name}
        </a>
        {isAddress(website.name, website.url) ? null : (
          <span class="truncate small muted" dir="ltr" title={website.url}>
            {shortUrl(website.url)}
          </span>
        )}
      </>
    ),
  },
  { label: 'Last run', cell: (row) => <LastRun {...row} /> },
  {
    label: 'Next run',
    cell: ({ website }) => (website.next_run_at ? <span title={dateTime(website.next_run_at)}>{ago(website.next_run_at)}</span> : NONE),
  },
  {
    label: 'Pages',
    number: true,
    cell: ({ run }) =>
      run?.status === 'completed' ? (
        <span>
          {count(run.pages_crawled)}
          {run.truncated_by && run.pages_found ? <span class="small muted"> of {count(run.pages_found)}</span> : null}
        </span>
      ) : (
        NONE
      ),
  },
  { label: 'Score', number: true, cell: ({ run }) => (run?.quality ? <Score value={run.quality.score} small /> : NONE) },
  { label: 'Action', hideLabel: true, number: true, cell: (row) => <Generate {...row} /> },
]

/** Start a generation, or open the one that runs. */
function Generate({ website, run }: Row) {
  const startGeneration = useStart()
  const form = useSubmission()
  if (isRunning(run))
    return (
      <a class="button small quiet" href={`/websites/${website.id}`} aria-label={`Watch the generation of ${website.name}`}>
        Watch
      </a>
    )
  return (
    <>
      <GenerateButton
        class="small quiet"
        busy={form.busy}
        name={`Generate the files of ${website.name}`}
        onClick={() => form.run(async () => go(await startGeneration({ website_id: website.id })))}
      >
        Generate
      </GenerateButton>
      {form.error ? (
        <div class="error refusal" role="alert">
          {form.error.message}
        </div>
      ) : null}
    </>
  )
}

const isRunning = (run: Generation | undefined) => run?.status === 'pending' || run?.status === 'processing'

function LastRun({ website, run }: Row) {
  if (run?.status === 'pending') return <State kind="calm">Waiting</State>
  if (run?.status === 'processing') return <State kind="calm">{`Running, ${run.progress_percentage} %`}</State>
  if (run?.status === 'failed')
    return (
      <span title={run.error_message ?? undefined}>
        <State kind="bad">Failed {ago(run.completed_at ?? run.created_at)}</State>
      </span>
    )
  if (run?.status === 'cancelled') return <State kind="warn">Cancelled {ago(run.completed_at ?? run.created_at)}</State>
  const when = run?.completed_at ?? website.last_generated_at
  return when ? <span title={dateTime(when)}>{ago(when)}</span> : <span class="muted">never</span>
}

function AddOne({ url: given, existing, onClose }: { url: string; existing: number; onClose: () => void }) {
  const [url, setUrl] = useState(given)
  const [problem, setProblem] = useState('')
  const { profile } = useAccount()
  const noneLeft = useNoneLeft() !== ''
  const startGeneration = useStart()
  const form = useSubmission()
  const submit = (generate: boolean) => async (event: Event) => {
    event.preventDefault()
    const found = urlProblem(url)
    setProblem(found)
    if (found) return
    await form.run(async () => {
      const website = await call<Website>('/websites', { method: 'POST', body: { url: url.trim() } })
      const place = generate ? await startGeneration({ website_id: website.id }).catch(() => `/websites/${website.id}`) : `/websites/${website.id}/settings`
      go(place)
    })
  }
  return (
    <Dialog title="Add website" onClose={onClose}>
      <form class="stack" onSubmit={submit(!noneLeft)} noValidate>
        <NoneLeft />
        {form.error ? <FormError error={form.error} known={['url']} /> : profile && existing >= profile.plan.websites ? <Room plan={profile.plan} existing={existing} wanted={1} /> : null}
        <Field label="Website address" name="url" value={url} onValue={setUrl} placeholder="example.com/docs" inputMode="url" autoFocus error={problem || form.error?.fields['url']} hint="Only pages below this address are read." />
        <div class="row">
          {noneLeft ? null : (
            <Submit busy={form.busy} busyLabel="Adding…">
              Add and generate
            </Submit>
          )}
          <button type="button" class={`button ${noneLeft ? 'primary' : ''}`} aria-disabled={form.busy} onClick={submit(false)}>
            Add and choose settings
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** Say how many more websites the plan allows before any is refused. */
function Room({ plan, existing, wanted }: { plan: Plan; existing: number; wanted: number }) {
  const room = Math.max(0, plan.websites - existing)
  return (
    <Notice kind={wanted > room || room === 0 ? 'warn' : 'info'}>
      Your plan ({plan.name}) allows {plural(plan.websites, 'website')}; you have {count(existing)}.{' '}
      {room === 0 ? 'No more can be added. ' : wanted > room ? `Only the first ${count(room)} of these will be added. ` : ''}
      <a href="/usage">Compare plans</a>
    </Notice>
  )
}

const MOST_AT_ONCE = 50

function AddMany({ existing, onClose, onAdded }: { existing: number; onClose: () => void; onAdded: () => void }) {
  const { profile } = useAccount()
  const [text, setText] = useState('')
  const [results, setResults] = useState<{ url: string; message: string; good: boolean }[]>()
  const form = useSubmission()
  const urls = [...new Set(text.split(/\s+/).filter(Boolean))]
  const submit = (event: Event) => {
    event.preventDefault()
    if (urls.length === 0) return
    void form.run(async () => {
      const found: { url: string; message: string; good: boolean }[] = []
      for (let index = 0; index < urls.length; index += MOST_AT_ONCE) {
        const part = urls.slice(index, index + MOST_AT_ONCE)
        const answer = await call<BulkAnswer>('/websites/bulk', { method: 'POST', body: { create: part.map((url) => ({ url })) } })
        answer.results.forEach((result, number) => {
          const good = result.status < 300
          found.push({ url: part[number] ?? '', good, message: good ? 'added' : (result.error?.detail ?? `refused (${result.status})`) })
        })
      }
      setResults(found)
      onAdded()
    })
  }
  const read = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0]
    if (file) setText(await file.text())
  }
  return (
    <Dialog title="Add several websites" onClose={onClose}>
      {results ? (
        <div class="stack">
          <p>
            {plural(results.filter((result) => result.good).length, 'website')} added, {count(results.filter((result) => !result.good).length)} refused.
          </p>
          <ul class="stack tight">
            {results.map((result) => (
              <li key={result.url}>
                <State kind={result.good ? 'good' : 'bad'}>{result.url}</State> <span class="small muted">{result.message}</span>
              </li>
            ))}
          </ul>
          <button type="button" class="button" onClick={onClose}>
            Done
          </button>
        </div>
      ) : (
        <form class="stack" onSubmit={submit}>
          <FormError error={form.error} />
          {profile ? <Room plan={profile.plan} existing={existing} wanted={urls.length} /> : null}
          <Field label="Addresses, one per line" name="urls" rows={8} value={text} onValue={setText} placeholder={'example.com\ndocs.example.org'} />
          <label class="field">
            <span class="label">Or read them from a text file</span>
            <input type="file" accept=".txt,.csv,text/plain" onChange={read} />
          </label>
          <div>
            <Submit busy={form.busy} busyLabel="Adding…">
              Add {urls.length ? plural(urls.length, 'website') : 'websites'}
            </Submit>
          </div>
        </form>
      )}
    </Dialog>
  )
}
