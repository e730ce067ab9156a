import { useState } from 'preact/hooks'
import { call } from '../../api/client'
import { Field, FormError, Submit, useSubmission } from '../../parts/form'
import { Notice } from '../../parts/states'

export function Password() {
  const [current, setCurrent] = useState('')
  const [chosen, setChosen] = useState('')
  const [done, setDone] = useState(false)
  const form = useSubmission()
  const wrong = form.error?.code === 'wrong_password' ? 'This is not your current password.' : undefined
  return (
    <form
      class="card stack"
      onSubmit={async (event) => {
        event.preventDefault()
        setDone(false)
        const changed = await form.run(() => call('/auth/change-password', { method: 'POST', body: { current_password: current, new_password: chosen } }))
        if (changed) {
          setDone(true)
          setCurrent('')
          setChosen('')
        }
      }}
    >
      <h2>Change your password</h2>
      {done ? <Notice kind="good">Your password was changed. All other sign-ins have ended.</Notice> : null}
      {wrong ? null : <FormError error={form.error} known={['current_password', 'new_password']} />}
      <Field label="Current password" name="current_password" type="password" value={current} onValue={setCurrent} autocomplete="current-password" required error={wrong ?? form.error?.fields['current_password']} />
      <Field label="New password" name="new_password" type="password" value={chosen} onValue={setChosen} autocomplete="new-password" required minLength={8} maxLength={128} hint="At least 8 characters." error={form.error?.fields['new_password']} />
      <div>
        <Submit busy={form.busy}>Change password</Submit>
      </div>
    </form>
  )
}
