import { useState } from 'preact/hooks'
import { call, type HistoryPage, type Website } from '../../api/client'
import { Confirm } from '../../parts/Confirm'
import { ago, bytes, count, dateTime, duration, plural } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Score } from '../../parts/Score'
import { Empty, State } from '../../parts/states'
import { Failures } from './Run'

const TRIGGERS: Record<string, string> = { manual: 'by hand', schedule: 'scheduled', api: 'by API key' }

/** All generations of a website, newest first. */
export default function History({ website }: { website: Website }) {
  const [cursors, setCursors] = useState<string[]>([])
  const cursor = cursors.at(-1)
  const page = useLoad(
    (signal) => call<HistoryPage>(`/generations/history?website_id=${website.id}&per_page=25${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { signal }),
    [website.id, cursor],
  )
  return (
    <div class="card flush">
      <Show of={page} lines={6}>
        {(history) =>
          history.items.length === 0 ? (
            <Empty title="No generations yet">Press Generate. Each run appears here with its result.</Empty>
          ) : (
            <>
              <table class="table cards">
                <caption class="visually-hidden">Generations of {website.name}</caption>
                <thead>
                  <tr>
                    <th scope="col">Started</th>
                    <th scope="col">State</th>
                    <th scope="col" class="number">
                      Pages
                    </th>
                    <th scope="col" class="number">
                      Time
                    </th>
                    <th scope="col" class="number">
                      Size
                    </th>
                    <th scope="col" class="number">
                      Score
                    </th>
                    <th scope="col">
                      <span class="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {history.items.map((run) => (
                    <Entry key={run.id} run={run} website={website} onDeleted={page.reload} />
                  ))}
                </tbody>
              </table>
              {cursors.length || history.next_cursor ? (
                <div class="card-head row">
                  {cursors.length ? (
                    <button type="button" class="button small" onClick={() => setCursors(cursors.slice(0, -1))}>
                      Newer
                    </button>
                  ) : null}
                  {history.next_cursor ? (
                    <button type="button" class="button small" onClick={() => setCursors([...cursors, history.next_cursor ?? ''])}>
                      Older
                    </button>
                  ) : null}
                </div>
              ) : null}
            </>
          )
        }
      </Show>
    </div>
  )
}

function Entry({ run, website, onDeleted }: { run: HistoryPage['items'][number]; website: Website; onDeleted: () => void }) {
  const [open, setOpen] = useState(false)
  const ended = run.completed_at !== null
  return (
    <tr>
      <td data-label="Started">
        <span title={dateTime(run.created_at)}>{ago(run.created_at)}</span>
        {run.trigger ? <span class="small muted"> · {TRIGGERS[run.trigger] ?? run.trigger}</span> : null}
      </td>
      <td data-label="State">
        <div>
          {run.status === 'completed' ? (
            <State kind="good">{run.changed === false ? 'Unchanged' : 'Completed'}</State>
          ) : run.status === 'failed' ? (
            <State kind="bad">Failed</State>
          ) : run.status === 'cancelled' ? (
            <State kind="warn">Cancelled</State>
          ) : (
            <State kind="calm">{run.status === 'pending' ? 'Waiting' : `Running, ${run.progress_percentage} %`}</State>
          )}
          {run.error_message ? <div class="small muted">{run.error_message}</div> : null}
          {run.pages_failed ? (
            <div>
              <button type="button" class="button small quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
                {plural(run.pages_failed, 'page')} left out
              </button>
              {open ? <Failures generation={run.id} known={run.pages_failed} /> : null}
            </div>
          ) : null}
        </div>
      </td>
      <td data-label="Pages" class="number">
        {count(run.pages_crawled)}
      </td>
      <td data-label="Time" class="number">
        {run.duration_seconds === null ? '–' : duration(run.duration_seconds)}
      </td>
      <td data-label="Size" class="number">
        {run.file_size ? bytes(run.file_size) : '–'}
      </td>
      <td data-label="Score" class="number">
        {run.quality ? <Score value={run.quality.score} small /> : '–'}
      </td>
      <td class="number">
        {run.status === 'completed' ? (
          <a class="button small quiet" href={`/websites/${website.id}/llms-txt?run=${run.id}`}>
            Open
          </a>
        ) : null}
        {ended ? (
          <Confirm
            kind="quiet"
            label="Delete"
            name={`Delete the generation of ${dateTime(run.created_at)}`}
            title="Delete this generation?"
            action={async () => {
              await call(`/generations/${run.id}`, { method: 'DELETE' })
              onDeleted()
            }}
          >
            The generation of {dateTime(run.created_at)} and its files are deleted. This cannot be undone.
          </Confirm>
        ) : null}
      </td>
    </tr>
  )
}
