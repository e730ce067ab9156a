import { useState } from 'preact/hooks'
import { call } from '../../api/client'
import { Confirm } from '../../parts/Confirm'
import { Copy } from '../../parts/copy'
import { Field, FormError, Submit, useSubmission } from '../../parts/form'
import { ago, dateTime } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Empty, Notice, State } from '../../parts/states'

interface Webhook {
  id: string
  url: string
  events: string[]
  description: string | null
  is_active?: boolean
  disabled_reason?: string | null
  secret?: string
  created_at: string
}

interface Attempt {
  at: string
  status_code: number | null
  duration_ms: number | null
  answer: string | null
}

interface Delivery {
  id: string
  event: string
  status: string
  created_at: string
  attempts: Attempt[]
}

export function Webhooks() {
  const hooks = useLoad(async (signal) => (await call<{ items: Webhook[] }>('/webhooks', { signal })).items, [])
  const [secret, setSecret] = useState<Webhook>()
  const [url, setUrl] = useState('')
  const form = useSubmission()
  return (
    <>
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault()
          void form.run(async () => {
            setSecret(await call<Webhook>('/webhooks', { method: 'POST', body: { url: url.trim() } }))
            setUrl('')
            hooks.reload()
          })
        }}
      >
        <h2>Add a webhook</h2>
        <p class="muted">We send a signed POST request when a generation ends. The signature follows the Standard Webhooks specification.</p>
        <FormError error={form.error} known={['url']} />
        <Field label="URL" name="url" type="url" value={url} onValue={setUrl} required placeholder="https://example.com/hooks/llmready" error={form.error?.fields['url']} />
        <div>
          <Submit busy={form.busy}>Add webhook</Submit>
        </div>
      </form>
      {secret?.secret ? (
        <Notice kind="good" action={<Copy text={secret.secret} label="Copy secret" />}>
          <p>This is the signing secret of {secret.url}. Copy it now; it is not shown again.</p>
          <div class="secret">{secret.secret}</div>
        </Notice>
      ) : null}
      <Show of={hooks}>
        {(list) =>
          list.length === 0 ? (
            <div class="card">
              <Empty title="No webhooks">Deliveries and their answers appear here.</Empty>
            </div>
          ) : (
            <>
              {list.map((hook) => (
                <Hook key={hook.id} hook={hook} onSecret={setSecret} onChanged={hooks.reload} />
              ))}
            </>
          )
        }
      </Show>
    </>
  )
}

function Hook({ hook, onSecret, onChanged }: { hook: Webhook; onSecret: (hook: Webhook) => void; onChanged: () => void }) {
  const form = useSubmission()
  const [open, setOpen] = useState(false)
  const [round, setRound] = useState(0)
  const act = (action: () => Promise<unknown>) => () => void form.run(action)
  return (
    <section class="card stack" aria-label={hook.url}>
      <div class="row between">
        <div class="grow">
          <strong class="truncate" dir="ltr">
            {hook.url}
          </strong>
          <span class="small muted">{hook.events.join(', ')}</span>
        </div>
        {hook.is_active === false ? <State kind="bad">Disabled</State> : <State kind="good">Active</State>}
      </div>
      {hook.disabled_reason ? <Notice kind="bad">{hook.disabled_reason}</Notice> : null}
      <FormError error={form.error} />
      <div class="row">
        <button type="button" class="button small" onClick={() => setOpen(!open)} aria-expanded={open}>
          Deliveries
        </button>
        <button
          type="button"
          class="button small"
          onClick={act(async () => {
            await call(`/webhooks/${hook.id}/test`, { method: 'POST', body: {} })
            setOpen(true)
            setTimeout(() => setRound((number) => number + 1), 1500)
          })}
        >
          Send a test
        </button>
        <button type="button" class="button small" onClick={act(async () => onSecret({ ...hook, ...(await call<Webhook>(`/webhooks/${hook.id}/rotate-secret`, { method: 'POST', body: {} })) }))}>
          Rotate the secret
        </button>
        {hook.is_active === false ? (
          <button
            type="button"
            class="button small"
            onClick={act(async () => {
              await call(`/webhooks/${hook.id}`, { method: 'PATCH', body: { is_active: true } })
              onChanged()
            })}
          >
            Enable
          </button>
        ) : null}
        <Confirm
          label="Delete"
          name={`Delete ${hook.url}`}
          title="Delete this webhook?"
          action={async () => {
            await call(`/webhooks/${hook.id}`, { method: 'DELETE' })
            onChanged()
          }}
        >
          {hook.url} gets no more events, and its deliveries are deleted.
        </Confirm>
      </div>
      {open ? <Deliveries key={round} hook={hook.id} /> : null}
    </section>
  )
}

function Deliveries({ hook }: { hook: string }) {
  const deliveries = useLoad(async (signal) => (await call<{ items: Delivery[] }>(`/webhooks/${hook}/deliveries`, { signal })).items, [hook])
  const form = useSubmission()
  return (
    <Show of={deliveries}>
      {(list) =>
        list.length === 0 ? (
          <p class="muted">No deliveries yet.</p>
        ) : (
          <ul class="stack tight">
            {list.map((delivery) => (
              <li key={delivery.id}>
                <details>
                  <summary>
                    <State kind={delivery.status === 'delivered' ? 'good' : delivery.status === 'failed' ? 'bad' : 'calm'}>{delivery.event}</State>{' '}
                    <span class="small muted" title={dateTime(delivery.created_at)}>
                      {ago(delivery.created_at)} · {delivery.status}
                    </span>
                  </summary>
                  <div class="stack tight card-body">
                    {delivery.attempts.map((attempt, index) => (
                      <div key={index} class="small">
                        {dateTime(attempt.at)}: {attempt.status_code ?? 'no answer'}
                        {attempt.duration_ms === null ? '' : ` in ${attempt.duration_ms} ms`}
                        {attempt.answer ? <pre tabIndex={0}>{attempt.answer}</pre> : null}
                      </div>
                    ))}
                    <FormError error={form.error} />
                    <div>
                      <button
                        type="button"
                        class="button small"
                        onClick={() =>
                          form.run(async () => {
                            await call(`/webhooks/${hook}/deliveries/${delivery.id}/retry`, { method: 'POST', body: {} })
                            deliveries.reload()
                          })
                        }
                      >
                        Send again
                      </button>
                    </div>
                  </div>
                </details>
              </li>
            ))}
          </ul>
        )
      }
    </Show>
  )
}
