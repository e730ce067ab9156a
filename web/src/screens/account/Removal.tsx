import { useState } from 'preact/hooks'
import { call } from '../../api/client'
import { signedOut } from '../../api/session'
import { Field, FormError, Submit, useSubmission } from '../../parts/form'
import { go } from '../../router'

export function Removal() {
  const [password, setPassword] = useState('')
  const exporting = useSubmission()
  const deleting = useSubmission()
  const save = () =>
    exporting.run(async () => {
      const data = await call<unknown>('/auth/me/export')
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }))
      link.download = 'llmready-export.json'
      link.click()
      URL.revokeObjectURL(link.href)
    })
  return (
    <>
      <section class="card stack" aria-labelledby="export-title">
        <h2 id="export-title">Export your data</h2>
        <p class="muted">Everything that is stored about you, as JSON. The files of your generations are downloaded separately.</p>
        <FormError error={exporting.error} />
        <div>
          <button type="button" class="button" aria-disabled={exporting.busy} onClick={save}>
            {exporting.busy ? 'Preparing…' : 'Download the export'}
          </button>
        </div>
      </section>
      <form
        class="card stack"
        onSubmit={async (event) => {
          event.preventDefault()
          const done = await deleting.run(() => call('/auth/me', { method: 'DELETE', body: { password } }))
          if (done) {
            signedOut()
            go('/', { replace: true })
          }
        }}
      >
        <h2>Delete your account</h2>
        <p class="muted">Running generations are cancelled. Your websites, files and keys are deleted. This cannot be undone.</p>
        <FormError error={deleting.error} known={['password']} />
        <Field label="Your password" name="password" type="password" value={password} onValue={setPassword} autocomplete="current-password" required error={deleting.error?.fields['password']} />
        <div>
          <Submit busy={deleting.busy} kind="danger">
            Delete account
          </Submit>
        </div>
      </form>
    </>
  )
}
