import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, call, request, type Generation, type Website } from '../../api/client'
import { useAccount } from '../../account'
import { FormError, useSubmission } from '../../parts/form'
import { count, duration, plural } from '../../parts/format'
import { Notice, State } from '../../parts/states'

/** Seconds between polls while the page is hidden. */
const HIDDEN = 15
/** Longest pause after failures, in seconds. */
const LONGEST = 30

/** A running generation: polls it until it ends and hands each answer on. */
export function Run({ website, run, onRun, onEnd }: { website: Website; run: Generation; onRun: (run: Generation) => void; onEnd: () => void }) {
  const { profile, refresh } = useAccount()
  const [lost, setLost] = useState<ApiError>()
  const [failures, setFailures] = useState(false)
  const cancel = useSubmission()
  const latest = useRef(onRun)
  latest.current = onRun

  useEffect(() => {
    const control = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let failed = 0
    const poll = async () => {
      clearTimeout(timer)
      let pause = 1
      try {
        const answer = await request<Generation>(`/generations/${run.id}`, { signal: control.signal })
        failed = 0
        setLost(undefined)
        latest.current(answer.body)
        if (answer.body.completed_at) {
          void refresh()
          onEnd()
          if (document.hidden) document.title = `✓ ${website.name} · LLMReady`
          return
        }
        pause = answer.retryAfter || 1
      } catch (error) {
        if (control.signal.aborted) return
        failed += 1
        if (error instanceof ApiError) {
          setLost(error)
          if (error.status === 401 || error.status === 404) return
          pause = error.retryAfter || 1
        }
        pause = Math.min(LONGEST, Math.max(pause, 2 ** failed))
      }
      timer = setTimeout(poll, 1000 * (document.hidden ? Math.max(HIDDEN, pause) : pause))
    }
    const wake = () => {
      if (!document.hidden) void poll()
    }
    void poll()
    // The page was hidden, or frozen while the device slept, or it comes from the cache of the back button.
    document.addEventListener('visibilitychange', wake)
    document.addEventListener('resume', wake)
    addEventListener('pageshow', wake)
    addEventListener('online', wake)
    return () => {
      control.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', wake)
      document.removeEventListener('resume', wake)
      removeEventListener('pageshow', wake)
      removeEventListener('online', wake)
    }
  }, [run.id])

  const total = run.total_pages
  const left = useTimeLeft(run)
  const waiting = run.status === 'pending'
  return (
    <section class="card stack" aria-labelledby="run-phase">
      <div class="row between">
        <h2 id="run-phase">{phase(run)}</h2>
        <button
          type="button"
          class="button"
          aria-disabled={cancel.busy}
          onClick={() => cancel.run(async () => onRun(await call<Generation>(`/generations/${run.id}/cancel`, { method: 'POST', body: {} })))}
        >
          {cancel.busy ? 'Cancelling…' : 'Cancel'}
        </button>
      </div>
      <progress
        class="progress"
        aria-label="Pages done"
        aria-valuetext={waiting ? 'Waiting to start' : `${run.pages_crawled} of ${total} pages`}
        max={100}
        value={waiting ? 0 : run.progress_percentage}
      />
      <div class="row between small">
        <span>
          {waiting ? 'Waiting for a worker' : total ? `${count(run.pages_crawled)} of ${count(total)} pages` : 'Looking for pages'}
          {run.pages_found && run.pages_found > total ? <span class="muted"> · {count(run.pages_found)} found</span> : null}
        </span>
        <span class="muted">{left === null ? '' : `about ${duration(left)} left`}</span>
      </div>
      <ol class="steps" aria-label="Phases">
        {STEPS.map((step, index) => (
          <li key={step} aria-current={index === stepOf(run) ? 'step' : undefined}>
            <span aria-hidden="true">{index < stepOf(run) ? '✓' : index === stepOf(run) ? '●' : '○'}</span> {step}
          </li>
        ))}
      </ol>
      {run.pages_failed ? (
        <div class="stack tight">
          <button type="button" class="button small quiet" aria-expanded={failures} onClick={() => setFailures(!failures)}>
            {plural(run.pages_failed, 'page')} could not be read {failures ? '▾' : '▸'}
          </button>
          {failures ? <Failures generation={run.id} known={run.pages_failed} /> : null}
        </div>
      ) : null}
      {lost ? <Notice kind="warn">{lost.message}</Notice> : null}
      <FormError error={cancel.error} />
      <p class="small muted">
        You can close this page. {profile?.is_verified ? 'You get a mail when the files are ready.' : 'Confirm your address with the link in our mail to get a mail when files are ready.'}
      </p>
    </section>
  )
}

const STEPS = ['Waiting', 'Reading robots.txt and sitemap', 'Fetching pages', 'Packing']

function stepOf(run: Generation): number {
  if (run.status === 'pending') return 0
  if (run.pages_crawled === 0) return 1
  return run.total_pages > 0 && run.pages_crawled + run.pages_failed >= run.total_pages ? 3 : 2
}

/** Say in words what a running generation does. */
export function phase(run: Generation): string {
  return ['Waiting to start', 'Reading robots.txt and the sitemap', 'Fetching pages', 'Packing the files'][stepOf(run)] ?? ''
}

/** Estimate the seconds that are left from the pages of the last half minute. */
function useTimeLeft(run: Generation): number | null {
  const seen = useRef<{ time: number; pages: number }[]>([])
  const now = Date.now()
  const last = seen.current.at(-1)
  if (!last || last.pages !== run.pages_crawled) seen.current.push({ time: now, pages: run.pages_crawled })
  while (seen.current.length > 2 && now - (seen.current[0]?.time ?? now) > 30_000) seen.current.shift()
  const first = seen.current[0]
  const newest = seen.current.at(-1)
  if (!first || !newest || newest.pages <= first.pages || newest.time - first.time < 2000) return null
  const rate = (newest.pages - first.pages) / ((newest.time - first.time) / 1000)
  return Math.max(1, (run.total_pages - run.pages_crawled) / rate)
}

interface PageErrors {
  items: { url: string; code: string; detail: string }[]
  next_cursor: string | null
}

export function Failures({ generation, known }: { generation: string; known: number }) {
  const [page, setPage] = useState<PageErrors>()
  const [error, setError] = useState('')
  useEffect(() => {
    const control = new AbortController()
    call<PageErrors>(`/generations/${generation}/errors`, { signal: control.signal }).then(setPage, (caught: unknown) => {
      if (!control.signal.aborted) setError(caught instanceof Error ? caught.message : 'The list could not be loaded.')
    })
    return () => control.abort()
  }, [generation, known])
  if (error) return <Notice kind="warn">{error}</Notice>
  return (
    <ul class="stack tight">
      {(page?.items ?? []).map((failure) => (
        <li key={failure.url} class="small">
          <State kind="bad">{failure.url}</State> <span class="muted">{failure.detail}</span>
        </li>
      ))}
      {page && page.items.length === 0 ? <li class="small muted">The reasons appear when the generation ends.</li> : null}
    </ul>
  )
}
