import { useState } from 'preact/hooks'
import { call } from '../../api/client'
import { useAccount } from '../../account'
import { Field, FormError, Submit, useSubmission } from '../../parts/form'
import { date } from '../../parts/format'
import { Notice, State } from '../../parts/states'
import { useUnsavedChanges } from '../../router'

export function ProfileForm() {
  const { profile, refresh } = useAccount()
  const [name, setName] = useState(profile?.full_name ?? '')
  const [saved, setSaved] = useState(false)
  const form = useSubmission()
  const dirty = name !== (profile?.full_name ?? '')
  useUnsavedChanges(dirty)
  if (!profile) return null
  return (
    <>
      {profile.is_verified ? null : <ConfirmAddress email={profile.email} />}
      <form
        class="card stack"
        onSubmit={async (event) => {
          event.preventDefault()
          const done = await form.run(() => call('/auth/me', { method: 'PATCH', body: { full_name: name.trim() || null } }))
          if (done) {
            setSaved(true)
            await refresh()
          }
        }}
      >
        <h2>Profile</h2>
        <FormError error={form.error} known={['full_name']} />
        <div>
          <div class="label">E-mail</div>
          <span dir="ltr">{profile.email}</span> {profile.is_verified ? <State kind="good">confirmed</State> : <State kind="warn">not confirmed</State>}
          <p class="hint">The address of an account cannot be changed. To use another one, create an account with it and delete this one.</p>
        </div>
        <Field label="Name" name="full_name" value={name} onValue={(value) => (setName(value), setSaved(false))} autocomplete="name" maxLength={100} error={form.error?.fields['full_name']} />
        <p class="small muted">
          Plan: {profile.plan.name} · <a href="/usage">usage and plans</a> · member since {date(profile.created_at)}
        </p>
        <div class="row">
          <Submit busy={form.busy || !dirty}>Save</Submit>
          {saved && !dirty ? <State kind="good">Saved</State> : null}
        </div>
      </form>
    </>
  )
}

function ConfirmAddress({ email }: { email: string }) {
  const form = useSubmission()
  const [sent, setSent] = useState(false)
  return (
    <Notice
      kind="warn"
      action={
        sent ? undefined : (
          <button
            type="button"
            class="button small"
            aria-disabled={form.busy}
            onClick={async () => {
              if (await form.run(() => call('/auth/resend-verification', { method: 'POST', body: { email } }))) setSent(true)
            }}
          >
            Send the mail again
          </button>
        )
      }
    >
      {sent ? 'You will get a new mail.' : 'Your address is not confirmed. Open the link in the confirmation mail. After that, you get a mail when a generation completes.'}
      <FormError error={form.error} />
    </Notice>
  )
}
