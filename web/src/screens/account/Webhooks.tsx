import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { call } from '../../api/client'
import { Confirm } from '../../parts/Confirm'
import { Check, Field, FormError, Submit, useSubmission } from '../../parts/form'
import { ago } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Secret } from '../../parts/Secret'
import { Empty } from '../../parts/states'
import { Table, type Column } from '../../parts/Table'
import { Deliveries } from './Deliveries'

export interface Webhook {
  id: string
  url: string
  description: string | null
  events: string[]
  is_active: boolean
  disabled_reason: 'by_user' | 'gone' | 'failing' | null
  last_success_at: string | null
  secret?: string
}

const EVENTS = [
  { name: 'generation.completed', label: 'A generation completed' },
  { name: 'generation.failed', label: 'A generation failed' },
  { name: 'generation.cancelled', label: 'A generation was cancelled' },
  { name: 'website.schedule_stopped', label: 'A schedule was turned off after failures' },
]

const REASONS = {
  by_user: 'Paused',
  gone: 'Disabled: the server answered 410',
  failing: 'Disabled: deliveries failed for days',
}

export function Webhooks() {
  const webhooks = useLoad(async (signal) => (await call<{ items: Webhook[] }>('/webhooks', { signal })).items, [])
  const [shown, setShown] = useState<Webhook>()
  const [opened, setOpened] = useState<Webhook>()
  const secret = (webhook: Webhook) => {
    setShown(webhook)
    webhooks.reload()
  }
  return (
    <>
      <CreateWebhook onCreated={secret} />
      {shown?.secret ? (
        <Secret
          text={shown.secret}
          copy="Copy secret"
          about={
            <>
              This is the secret of the webhook to <span dir="auto">{shown.url}</span>.
            </>
          }
        />
      ) : null}
      <section class="card flush" aria-labelledby="webhooks-title">
        <div class="card-head">
          <h2 id="webhooks-title">Webhooks</h2>
        </div>
        <Show of={webhooks}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No webhooks">A webhook tells your server when a generation ends.</Empty>
            ) : (
              <Table
                name="Webhooks"
                rows={list}
                rowKey={(webhook) => webhook.id}
                columns={columns((webhook) => (
                  <Actions
                    webhook={webhook}
                    opened={opened?.id === webhook.id}
                    onOpen={() => setOpened(opened?.id === webhook.id ? undefined : webhook)}
                    onChange={webhooks.reload}
                    onSecret={secret}
                  />
                ))}
              />
            )
          }
        </Show>
      </section>
      {opened ? <Deliveries key={opened.id} webhook={opened.id} url={opened.url} /> : null}
    </>
  )
}

function columns(actions: (webhook: Webhook) => ComponentChildren): Column<Webhook>[] {
  return [
    {
      label: 'Address',
      cell: (webhook) => (
        <>
          <span class="breakable" dir="ltr">
            {webhook.url}
          </span>
          {webhook.description ? (
            <div class="muted breakable" dir="auto">
              {webhook.description}
            </div>
          ) : null}
        </>
      ),
    },
    { label: 'State', cell: (webhook) => (webhook.is_active || !webhook.disabled_reason ? 'Active' : REASONS[webhook.disabled_reason]) },
    { label: 'Last success', cell: (webhook) => (webhook.last_success_at ? ago(webhook.last_success_at) : 'never') },
    { label: 'Actions', hideLabel: true, number: true, cell: actions },
  ]
}

interface ActionsProps {
  webhook: Webhook
  opened: boolean
  onOpen: () => void
  onChange: () => void
  onSecret: (webhook: Webhook) => void
}

function Actions({ webhook, opened, onOpen, onChange, onSecret }: ActionsProps) {
  const path = `/webhooks/${webhook.id}`
  return (
    <>
      <button type="button" class="button small" aria-expanded={opened} onClick={onOpen}>
        Deliveries
      </button>{' '}
      {webhook.is_active ? null : (
        <>
          <Confirm
            label="Activate"
            name={`Activate ${webhook.url}`}
            title="Activate this webhook?"
            kind="quiet"
            action={async () => {
              await call(path, { method: 'PATCH', body: { is_active: true } })
              onChange()
            }}
          >
            New events are sent to it again. To send missed events, open its deliveries.
          </Confirm>{' '}
          </>
        )}
        <Confirm
          label="Replace secret"
          name={`Replace the secret of ${webhook.url}`}
          title="Replace the secret?"
          kind="quiet"
          action={async () => onSecret(await call<Webhook>(`${path}/rotate-secret`, { method: 'POST' }))}
        >
          For 24 hours, events contain the signatures of both secrets.
        </Confirm>{' '}
        <Confirm
          label="Delete"
          name={`Delete ${webhook.url}`}
          title="Delete this webhook?"
          action={async () => {
            await call(path, { method: 'DELETE' })
            onChange()
          }}
        >
          Pending deliveries are deleted. This cannot be undone.
        </Confirm>
    </>
  )
}

function CreateWebhook({ onCreated }: { onCreated: (webhook: Webhook) => void }) {
  const [url, setUrl] = useState('')
  const [events, setEvents] = useState(EVENTS.map((event) => event.name))
  const form = useSubmission()
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault()
        void form.run(async () => {
          onCreated(await call<Webhook>('/webhooks', { method: 'POST', body: { url: url.trim(), events } }))
          setUrl('')
        })
      }}
    >
      <h2>Create a webhook</h2>
      <FormError error={form.error} known={['url', 'events']} />
      <Field label="Address" name="url" value={url} onValue={setUrl} required maxLength={2048} placeholder="https://example.com/hooks" inputMode="url" hint="An https address of your server that the internet can reach." error={form.error?.fields['url']} />
      <fieldset class="stack tight">
        <legend>Events</legend>
        {EVENTS.map((event) => (
          <Check
            key={event.name}
            label={`${event.label} (${event.name})`}
            name={event.name}
            checked={events.includes(event.name)}
            onChecked={(checked) => setEvents(checked ? [...events, event.name] : events.filter((one) => one !== event.name))}
          />
        ))}
      </fieldset>
      <div>
        <Submit busy={form.busy}>Create webhook</Submit>
      </div>
    </form>
  )
}
