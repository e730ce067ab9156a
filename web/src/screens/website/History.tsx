import { useState } from 'preact/hooks'
import { call, type HistoryPage, type Website } from '../../api/client'
import { Confirm } from '../../parts/Confirm'
import { ago, bytes, count, dateTime, duration, inWords, plural } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Score } from '../../parts/Score'
import { Empty, State } from '../../parts/states'
import { NONE, Table, type Column } from '../../parts/Table'
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
              <Table name={`Generations of ${website.name}`} columns={columns(website, page.reload)} rows={history.items} rowKey={(run) => run.id} />
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

type Entry = HistoryPage['items'][number]

function columns(website: Website, onDeleted: () => void): Column<Entry>[] {
  return [
    {
      label: 'Started',
      cell: (run) => (
        <>
          <span class="nowrap" title={dateTime(run.created_at)}>
            {ago(run.created_at)}
          </span>
          {run.trigger ? <span class="small muted nowrap"> · {TRIGGERS[run.trigger] ?? run.trigger}</span> : null}
        </>
      ),
    },
    { label: 'State', cell: (run) => <Ending run={run} /> },
    { label: 'Pages', number: true, cell: (run) => count(run.pages_crawled) },
    { label: 'Time', number: true, cell: (run) => (run.duration_seconds === null ? NONE : duration(run.duration_seconds)) },
    { label: 'Size', number: true, cell: (run) => (run.file_size ? bytes(run.file_size) : NONE) },
    { label: 'Score', number: true, cell: (run) => (run.quality ? <Score value={run.quality.score} small /> : NONE) },
    { label: 'Actions', hideLabel: true, number: true, cell: (run) => <Actions run={run} website={website} onDeleted={onDeleted} /> },
  ]
}

function Ending({ run }: { run: Entry }) {
  const [open, setOpen] = useState(false)
  return (
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
      {run.error_message ? <div class="small muted breakable">{inWords(run.error_message)}</div> : null}
      {run.pages_failed ? (
        <div>
          <button type="button" class="button small quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {plural(run.pages_failed, 'page')} left out
          </button>
          {open ? <Failures generation={run.id} known={run.pages_failed} /> : null}
        </div>
      ) : null}
    </div>
  )
}

function Actions({ run, website, onDeleted }: { run: Entry; website: Website; onDeleted: () => void }) {
  return (
    <>
      {run.status === 'completed' ? (
        <a class="button small quiet" href={`/websites/${website.id}/llms-txt?run=${run.id}`}>
          Open
        </a>
      ) : null}
      {run.completed_at ? (
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
    </>
  )
}
