import { call } from '../../api/client'
import { FormError, Submit, useSubmission } from '../../parts/form'
import { ago } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Empty } from '../../parts/states'

interface Attempt {
  at: string
  status_code: number | null
  duration_ms: number
  response: string | null
  error: string | null
}

interface Delivery {
  id: string
  event: string
  status: 'pending' | 'succeeded' | 'failed'
  created_at: string
  next_attempt_at: string | null
  attempts: Attempt[]
  payload: unknown
}

/** The newest deliveries of a webhook, and the buttons that cause further ones. */
export function Deliveries({ webhook, url }: { webhook: string; url: string }) {
  const path = `/webhooks/${webhook}`
  const deliveries = useLoad(async (signal) => (await call<{ items: Delivery[] }>(`${path}/deliveries`, { signal })).items, [path])
  const form = useSubmission()
  const send = (target: string) => (event: Event) => {
    event.preventDefault()
    void form.run(async () => {
      await call(target, { method: 'POST' })
      deliveries.reload()
    })
  }
  return (
    <section class="card stack" aria-labelledby="deliveries-title">
      <h2 id="deliveries-title">Deliveries</h2>
      <p class="muted">
        To <span dir="ltr">{url}</span>
      </p>
      <FormError error={form.error} known={[]} />
      <form onSubmit={send(`${path}/test`)}>
        <Submit busy={form.busy}>Send a test</Submit>{' '}
        <button
          type="button"
          class="button"
          onClick={() => {
            form.clear()
            deliveries.reload()
          }}
        >
          Refresh
        </button>
      </form>
      <Show of={deliveries}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No deliveries">Nothing was sent in the last 30 days.</Empty>
          ) : (
            <>
              {list.map((delivery) => (
                <details key={delivery.id}>
                  <summary>
                    {delivery.event}: {delivery.status}, {ago(delivery.created_at)}
                  </summary>
                  <div class="stack tight">
                    <p class="muted">
                      <code>{delivery.id}</code>
                      {delivery.next_attempt_at ? ` · next attempt ${ago(delivery.next_attempt_at)}` : null}
                    </p>
                    <ol>
                      {delivery.attempts.map((attempt) => (
                        <li key={attempt.at}>
                          {attempt.status_code ?? 'No answer'} after {attempt.duration_ms} ms{attempt.error ? `: ${attempt.error}` : null}
                          {attempt.response ? <pre dir="auto">{attempt.response}</pre> : null}
                        </li>
                      ))}
                    </ol>
                    <h3>Payload</h3>
                    <pre dir="auto">{JSON.stringify(delivery.payload, null, 2)}</pre>
                    <form onSubmit={send(`${path}/deliveries/${delivery.id}/retry`)}>
                      <Submit busy={form.busy}>Send again</Submit>
                    </form>
                  </div>
                </details>
              ))}
            </>
          )
        }
      </Show>
    </section>
  )
}
