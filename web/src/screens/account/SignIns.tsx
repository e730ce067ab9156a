import { call } from '../../api/client'
import { FormError, useSubmission } from '../../parts/form'
import { ago, dateTime } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Empty } from '../../parts/states'

interface SignIn {
  id: string
  created_at: string
  last_used_at?: string | null
  expires_at?: string
}

export function SignIns() {
  const signIns = useLoad(async (signal) => (await call<{ sign_ins: SignIn[] }>('/auth/me/export', { signal })).sign_ins, [])
  const form = useSubmission()
  return (
    <section class="card stack" aria-labelledby="sign-ins-title">
      <h2 id="sign-ins-title">Where you are signed in</h2>
      <FormError error={form.error} />
      <Show of={signIns}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No sign-ins" />
          ) : (
            <ul class="stack tight">
              {list.map((entry) => (
                <li key={entry.id} class="row between">
                  <span title={dateTime(entry.created_at)}>Signed in {ago(entry.created_at)}</span>
                  <span class="small muted">{entry.last_used_at ? `last used ${ago(entry.last_used_at)}` : ''}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      <p class="small muted">To end all other sign-ins, change your password.</p>
    </section>
  )
}
