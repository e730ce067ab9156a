import { Suspense } from 'preact/compat'
import { useRef } from 'preact/hooks'
import { call, type Generation, type HistoryPage, type Website } from '../api/client'
import { screen } from '../lazy'
import { FormError, useSubmission } from '../parts/form'
import { ago, count, dateTime, inWords, isAddress, plural, shortUrl } from '../parts/format'
import { Show, useLoad, type Loaded } from '../parts/load'
import { GenerateButton, NoneLeft } from '../parts/Quota'
import { Score } from '../parts/Score'
import { Empty, Notice, Skeleton, Title } from '../parts/states'
import { Tabs } from '../parts/Tabs'
import { go, match, usePlace } from '../router'
import { useStart } from '../starting'
import { Cut } from './website/Cut'
import { Download } from './website/Download'
import { phase, Run } from './website/Run'

const LlmsTxt = screen(() => import('./website/LlmsTxt'))
const Pages = screen(() => import('./website/Pages'))
const ScoreTab = screen(() => import('./website/ScoreTab'))
const Changes = screen(() => import('./website/Changes'))
const UseIt = screen(() => import('./website/UseIt'))
const History = screen(() => import('./website/History'))
const Settings = screen(() => import('./website/Settings'))

export interface TabProps {
  website: Website
  run: Generation
}

const RESULT_TABS = [
  { name: 'llms-txt', label: 'llms.txt' },
  { name: 'pages', label: 'Pages' },
  { name: 'score', label: 'Score' },
  { name: 'changes', label: 'Changes' },
  { name: 'use', label: 'Use it' },
]
const WEBSITE_TABS = [
  { name: 'history', label: 'History' },
  { name: 'settings', label: 'Settings' },
]

/** One website: a running generation, or the result of the newest (or a chosen) one. */
export default function WebsiteScreen() {
  const { path, query } = usePlace()
  const { id = '', tab } = match('/websites/:id/:tab?', path) ?? {}
  const chosen = query.get('run')
  const website = useLoad((signal) => call<Website>(`/websites/${encodeURIComponent(id)}`, { signal }), [id])
  const run = useLoad((signal) => loadRun(id, chosen, signal), [id, chosen])
  const loaded: Loaded<{ site: Website; run: Generation | null }> = {
    set: () => undefined,
    data: website.data !== undefined && run.data !== undefined ? { site: website.data, run: run.data } : undefined,
    error: website.error ?? run.error,
    reload: () => {
      website.reload()
      run.reload()
    },
  }
  const failed = loaded.data === undefined && loaded.error
  return (
    <div class="stack">
      {failed ? <Title text={failed.status === 404 ? 'Not found' : 'Website'} /> : null}
      <Show of={loaded} lines={8}>
        {(data) => <WebsiteView website={data.site} run={data.run} tab={tab} onWebsite={website.set} onRun={run.set} onEnd={website.reload} reload={run.reload} />}
      </Show>
    </div>
  )
}

/** Read the chosen generation, else the newest; null when there is none. */
async function loadRun(website: string, chosen: string | null, signal: AbortSignal): Promise<Generation | null> {
  if (chosen) return call<Generation>(`/generations/${encodeURIComponent(chosen)}`, { signal })
  const history = await call<HistoryPage>(`/generations/history?website_id=${encodeURIComponent(website)}&per_page=10`, { signal })
  const newest = history.items[0]
  if (!newest) return null
  // A failed or cancelled run does not hide the result of an earlier one, unless it is still running.
  const running = newest.status === 'pending' || newest.status === 'processing'
  return running ? newest : (history.items.find((item) => item.status === 'completed') ?? newest)
}

interface ViewProps {
  website: Website
  run: Generation | null
  tab: string | undefined
  onWebsite: (website: Website) => void
  onRun: (run: Generation) => void
  /** Called when the generation ends, which may have changed the website. */
  onEnd: () => void
  reload: () => void
}

function WebsiteView({ website, run, tab, onWebsite, onRun, onEnd, reload }: ViewProps) {
  const running = run?.status === 'pending' || run?.status === 'processing'
  const completed = run?.status === 'completed'
  const current = tab ?? (completed || running ? 'llms-txt' : 'history')
  const tabs = completed ? [...RESULT_TABS, ...WEBSITE_TABS] : WEBSITE_TABS
  const query = useRunQuery()
  const watched = useRef(false)
  if (running) watched.current = true
  return (
    <div class="stack loose">
      <p class="visually-hidden" role="status">
        {running && run ? phase(run) : completed && run && watched.current ? `The files are ready: ${plural(run.pages_crawled, 'page')}.` : ''}
      </p>
      <Header website={website} run={run} running={running} reload={reload} />
      {running && run ? <Run website={website} run={run} onRun={onRun} onEnd={onEnd} /> : null}
      {running ? null : <NoneLeft />}
      {completed && run ? <Cut website={website} run={run} /> : null}
      {run && !running && !completed ? <NotCompleted run={run} /> : null}
      {!running || tab ? (
        <>
          <Tabs label="Website" tabs={tabs} current={current} href={(name) => `/websites/${website.id}/${name}${query}`} />
          <Suspense fallback={<Skeleton lines={8} />}>
            <Tab name={current} website={website} run={run} onWebsite={onWebsite} />
          </Suspense>
        </>
      ) : null}
      {!run && !tab ? (
        <div class="card">
          <Empty title="No files yet">Press Generate. The result, its score and its history appear here.</Empty>
        </div>
      ) : null}
    </div>
  )
}

/** The part of the URL that keeps a chosen generation when the tab changes. */
function useRunQuery(): string {
  const { query } = usePlace()
  const run = query.get('run')
  return run ? `?run=${encodeURIComponent(run)}` : ''
}

function Tab({ name, website, run, onWebsite }: { name: string; website: Website; run: Generation | null; onWebsite: (website: Website) => void }) {
  if (name === 'settings') return <Settings key={website.id} website={website} run={run} onSaved={onWebsite} />
  if (name === 'history') return <History website={website} />
  if (run?.status !== 'completed') return null
  switch (name) {
    case 'pages':
      return <Pages run={run} />
    case 'score':
      return <ScoreTab run={run} settings={`/websites/${website.id}/settings`} leftOut={run.pages_failed ? `/websites/${website.id}/pages?run=${run.id}&show=failed` : undefined} />
    case 'changes':
      return <Changes website={website} run={run} />
    case 'use':
      return <UseIt website={website} run={run} />
    default:
      return <LlmsTxt run={run} />
  }
}

function Header({ website, run, running, reload }: { website: Website; run: Generation | null; running: boolean; reload: () => void }) {
  const startGeneration = useStart()
  const form = useSubmission()
  const chosen = useRunQuery()
  // The website's data contains the time at which its newest completed run ended.
  const newer = chosen && run?.completed_at && website.last_generated_at && Date.parse(website.last_generated_at) > Date.parse(run.completed_at)
  const start = () =>
    form.run(async () => {
      go(await startGeneration({ website_id: website.id }))
      reload()
    })
  return (
    <header class="stack tight">
      <div class="row between">
        <div class="grow">
          {isAddress(website.name, website.url) ? (
            <Title text={website.name}>
              <a href={website.url} target="_blank" rel="noopener nofollow" dir="ltr">
                {website.name}
              </a>
            </Title>
          ) : (
            <>
              <Title text={website.name}>
                <span dir="auto">{website.name}</span>
              </Title>
              <a class="truncate small muted" href={website.url} target="_blank" rel="noopener nofollow">
                {shortUrl(website.url)}
              </a>
            </>
          )}
        </div>
        <div class="row">
          {run?.can_download ? <Download run={run} /> : null}
          {running ? null : (
            <GenerateButton class={run ? '' : 'primary'} busy={form.busy} onClick={start}>
              {run ? 'Generate again' : 'Generate'}
            </GenerateButton>
          )}
        </div>
      </div>
      <FormError error={form.error} />
      {run?.status === 'completed' ? (
        <dl class="facts">
          <Fact name="Generated">
            <span title={dateTime(run.completed_at ?? run.created_at)}>{ago(run.completed_at ?? run.created_at)}</span>
            {newer ? (
              <>
                {' · '}
                <a href={`/websites/${website.id}`}>show the newest</a>
              </>
            ) : null}
          </Fact>
          <Fact name="Pages">
            {count(run.pages_crawled)}
            {run.pages_found && run.pages_found > run.pages_crawled ? ` of ${count(run.pages_found)}` : ''}
          </Fact>
          {run.pages_failed ? (
            <Fact name="Failed">
              <a href={`/websites/${website.id}/pages${chosen ? `${chosen}&` : '?'}show=failed`}>{plural(run.pages_failed, 'page')}</a>
            </Fact>
          ) : null}
          {run.quality ? (
            <Fact name="Score">
              <a href={`/websites/${website.id}/score${chosen}`} class="score-link">
                <Score value={run.quality.score} small />
              </a>
            </Fact>
          ) : null}
          {run.expires_at ? <Fact name="Files kept until">{dateTime(run.expires_at)}</Fact> : null}
        </dl>
      ) : null}
    </header>
  )
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function NotCompleted({ run }: { run: Generation }) {
  if (run.status === 'cancelled')
    return <Notice kind="warn">This generation was cancelled {ago(run.completed_at ?? run.created_at)}. It cost no quota.</Notice>
  return (
    <Notice kind="bad">
      <strong>The generation failed.</strong> {inWords(run.error_message ?? '')} It cost no quota.
    </Notice>
  )
}
