import { call, type HistoryPage } from '../../api/client'
import { useAccount } from '../../account'
import { date, dateTime, plural } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Empty, State } from '../../parts/states'
import { setQuery, usePlace } from '../../router'
import type { TabProps } from '../Website'

interface ChangesAnswer {
  since: string
  added: { url: string; title: string }[]
  removed: { url: string; title: string }[]
  changed: { url: string; title: string; words_before: number; words_after: number }[]
  unchanged: number
  llms_txt_diff: string
}

/** What changed against an earlier generation: pages, and the diff of `llms.txt`. */
export default function Changes({ website, run }: TabProps) {
  const { query } = usePlace()
  const { quota } = useAccount()
  const since = query.get('since')
  const history = useLoad((signal) => call<HistoryPage>(`/generations/history?website_id=${website.id}&status=completed&per_page=100`, { signal }), [website.id])
  const changes = useLoad((signal) => call<ChangesAnswer>(`/generations/${run.id}/changes${since ? `?since=${encodeURIComponent(since)}` : ''}`, { signal }), [run.id, since])
  const earlier = (history.data?.items ?? []).filter((item) => item.id < run.id)
  if (changes.error?.code === 'no_earlier_generation') {
    return (
      <section class="card stack" aria-labelledby="first-title">
        <h2 id="first-title">This is the first generation</h2>
        <p>After the next generation, this tab compares the two generations and shows:</p>
        <ul class="stack tight">
          <li>
            <State kind="good">Added</State> pages that are new in the files
          </li>
          <li>
            <State kind="bad">Removed</State> pages that are no longer in the files
          </li>
          <li>
            <State kind="warn">Changed</State> pages whose text changed, with the number of words before and after
          </li>
          <li>
            <State kind="calm">llms.txt</State> line by line, with each addition and removal marked
          </li>
        </ul>
        <p class="muted">
          {quota?.can_generate
            ? 'Press Generate again to start the next generation.'
            : `Your plan allows the next generation ${quota?.resets_at ? `from ${date(quota.resets_at)}` : 'next month'}.`}{' '}
          <a href={`/websites/${website.id}/settings`}>A schedule</a> starts generations automatically. A scheduled run that finds no changes does not use your quota.
        </p>
      </section>
    )
  }
  return (
    <div class="stack">
      <label class="row small">
        Compare with
        <select class="input compact" value={since ?? changes.data?.since ?? ''} onChange={(event) => setQuery({ since: event.currentTarget.value })}>
          {earlier.map((item) => (
            <option key={item.id} value={item.id}>
              {dateTime(item.completed_at ?? item.created_at)}
            </option>
          ))}
        </select>
      </label>
      <Show of={changes} lines={8}>
        {(answer) => answer.changed.length + answer.added.length + answer.removed.length === 0 && !answer.llms_txt_diff ? (
          <div class="card">
            <Empty title="Nothing changed">{`llms.txt and ${plural(answer.unchanged, 'page')} are the same in both generations.`}</Empty>
          </div>
        ) : (
          <>
            <p>
              {plural(answer.changed.length, 'page')} changed, {answer.added.length} added, {answer.removed.length} removed, {answer.unchanged} unchanged.
            </p>
            <div class="grid-2">
              <PageList title="Added" kind="good" pages={answer.added} />
              <PageList title="Removed" kind="bad" pages={answer.removed} />
            </div>
            <PageList title="Changed" kind="warn" pages={answer.changed.map((page) => ({ ...page, note: `${page.words_before} → ${page.words_after} words` }))} />
            {answer.llms_txt_diff ? <Diff text={answer.llms_txt_diff} /> : <p class="muted">llms.txt is the same.</p>}
          </>
        )}
      </Show>
    </div>
  )
}

function PageList({ title, kind, pages }: { title: string; kind: 'good' | 'warn' | 'bad'; pages: { url: string; title: string; note?: string }[] }) {
  if (pages.length === 0) return null
  return (
    <section class="card stack tight">
      <h2>
        <State kind={kind}>{title}</State> <span class="muted small">{pages.length}</span>
      </h2>
      <ul class="stack tight">
        {pages.map((page) => (
          <li key={page.url}>
            <a class="truncate" href={page.url} target="_blank" rel="noopener nofollow" dir="auto">
              {page.title || page.url}
            </a>
            {page.note ? <span class="small muted">{page.note}</span> : null}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Diff({ text }: { text: string }) {
  return (
    <section class="card stack tight">
      <h2>llms.txt</h2>
      <pre class="raw" tabIndex={0} aria-label="Differences of llms.txt">
        {text.split('\n').map((line, index) => {
          const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : ''
          return (
            <span key={index} class={`diff-line ${kind ? `diff-${kind}` : ''}`}>
              {kind ? <span class="visually-hidden">{kind}: </span> : null}
              {line}
              {'\n'}
            </span>
          )
        })}
      </pre>
    </section>
  )
}
