import { call, type Session } from '../../api/client'
import { Confirm } from '../../parts/Confirm'
import { ago, dateTime } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Table, type Column } from '../../parts/Table'

export function SignIns() {
  const signIns = useLoad(async (signal) => (await call<{ items: Session[] }>('/auth/sessions', { signal })).items, [])
  return (
    <section class="card flush" aria-labelledby="sign-ins-title">
      <div class="card-head">
        <h2 id="sign-ins-title">Where you are signed in</h2>
        <p class="small muted">A new password ends all other sign-ins.</p>
      </div>
      <Show of={signIns}>
        {(list) => <Table name="Sign-ins" rows={list} rowKey={(session) => session.id} columns={columns(signIns.reload)} />}
      </Show>
    </section>
  )
}

function columns(onEnded: () => void): Column<Session>[] {
  return [
    { label: 'Signed in', cell: (session) => <span title={dateTime(session.opened_at)}>{ago(session.opened_at)}</span> },
    { label: 'Last used', cell: (session) => <span title={dateTime(session.last_used_at)}>{ago(session.last_used_at)}</span> },
    {
      label: 'Action',
      hideLabel: true,
      number: true,
      cell: (session) =>
        session.is_current ? (
          <span class="small muted">This browser</span>
        ) : (
          <Confirm
            label="End"
            name={`End the sign-in of ${dateTime(session.opened_at)}`}
            title="End this sign-in?"
            action={async () => {
              await call(`/auth/sessions/${session.id}`, { method: 'DELETE' })
              onEnded()
            }}
          >
            The browser or program must sign in again.
          </Confirm>
        ),
    },
  ]
}
