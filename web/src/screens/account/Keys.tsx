import { useState } from 'preact/hooks'
import { call } from '../../api/client'
import { Confirm } from '../../parts/Confirm'
import { Check, Field, FormError, Submit, useSubmission } from '../../parts/form'
import { ago, date } from '../../parts/format'
import { Show, useLoad } from '../../parts/load'
import { Secret } from '../../parts/Secret'
import { Empty } from '../../parts/states'
import { Table, type Column } from '../../parts/Table'

interface Key {
  id: string
  name: string
  key?: string
  last_four: string
  scopes: string[]
  created_at: string
  expires_at: string | null
  last_used_at: string | null
}

const SCOPES = [
  { name: 'read', label: 'Read everything' },
  { name: 'generate', label: 'Start, cancel and delete generations' },
  { name: 'websites', label: 'Add, change and delete websites' },
  { name: 'webhooks', label: 'Manage webhooks' },
]

export function Keys() {
  const keys = useLoad(async (signal) => (await call<{ items: Key[] }>('/keys', { signal })).items, [])
  const [created, setCreated] = useState<Key>()
  return (
    <>
      <CreateKey
        onCreated={(key) => {
          setCreated(key)
          keys.reload()
        }}
      />
      {created?.key ? (
        <Secret text={created.key} copy="Copy key" about={`This is the key “${created.name}”.`}>
          <p class="small muted">
            Programs send it in the header <code>Authorization: Bearer KEY</code>; the command <code>llmready</code> reads it from <code>LLMREADY_API_KEY</code>. See the{' '}
            <a href="/api/v1/docs">API documentation</a>.
          </p>
        </Secret>
      ) : null}
      <section class="card flush" aria-labelledby="keys-title">
        <div class="card-head">
          <h2 id="keys-title">API keys</h2>
        </div>
        <Show of={keys}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No API keys">Programs and the command line use a key instead of your password.</Empty>
            ) : (
              <Table
                name="API keys"
                rows={list}
                rowKey={(key) => key.id}
                columns={columns(() => {
                  setCreated(undefined)
                  keys.reload()
                })}
              />
            )
          }
        </Show>
      </section>
    </>
  )
}

function columns(onRevoked: () => void): Column<Key>[] {
  return [
    { label: 'Name', cell: (key) => <span class="breakable" dir="auto">{key.name}</span> },
    { label: 'Key', cell: (key) => <code>llmr_…{key.last_four}</code> },
    { label: 'Scopes', cell: (key) => key.scopes.join(', ') },
    { label: 'Last used', cell: (key) => (key.last_used_at ? ago(key.last_used_at) : 'never') },
    { label: 'Expires', cell: (key) => (key.expires_at ? date(key.expires_at) : 'never') },
    {
      label: 'Action',
      hideLabel: true,
      number: true,
      cell: (key) => (
        <Confirm
          label="Revoke"
          name={`Revoke ${key.name}`}
          title={`Revoke ${key.name}?`}
          action={async () => {
            await call(`/keys/${key.id}`, { method: 'DELETE' })
            onRevoked()
          }}
        >
          Programs that use this key stop working at once. This cannot be undone.
        </Confirm>
      ),
    },
  ]
}

function CreateKey({ onCreated }: { onCreated: (key: Key) => void }) {
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState(SCOPES.map((scope) => scope.name))
  const [expires, setExpires] = useState('')
  const form = useSubmission()
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault()
        void form.run(async () => {
          const body = { name: name.trim(), scopes, ...(expires ? { expires_at: `${expires}T00:00:00Z` } : {}) }
          onCreated(await call<Key>('/keys', { method: 'POST', body }))
          setName('')
        })
      }}
    >
      <h2>Create a key</h2>
      <FormError error={form.error} known={['name', 'expires_at']} />
      <Field label="Name" name="name" value={name} onValue={setName} required maxLength={100} placeholder="Deployment" error={form.error?.fields['name']} />
      <fieldset class="stack tight">
        <legend>Scopes</legend>
        {SCOPES.map((scope) => (
          <Check
            key={scope.name}
            label={`${scope.label} (${scope.name})`}
            name={scope.name}
            checked={scopes.includes(scope.name)}
            onChecked={(checked) => setScopes(checked ? [...scopes, scope.name] : scopes.filter((one) => one !== scope.name))}
          />
        ))}
      </fieldset>
      <Field label="Expires on (optional)" name="expires_at" type="date" value={expires} onValue={setExpires} error={form.error?.fields['expires_at']} />
      <div>
        <Submit busy={form.busy}>Create key</Submit>
      </div>
    </form>
  )
}
