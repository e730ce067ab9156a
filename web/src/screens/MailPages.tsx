import { useEffect, useState } from 'preact/hooks'
import { ApiError, call } from '../api/client'
import { Field, FormError, Submit, useSubmission } from '../parts/form'
import { asApiError } from '../parts/load'
import { Notice, Skeleton, Title } from '../parts/states'
import { usePlace } from '../router'

/** Read `#token=…` once and remove it from the address bar, so that it is neither shared nor kept in the history. */
function useToken(): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  useEffect(() => {
    if (token) history.replaceState(null, '', location.pathname + location.search)
  }, [token])
  return token
}

/** Screens for the tokens of mails: confirm an address, or choose a new password. */
export default function MailPage() {
  const { path } = usePlace()
  return path === '/confirm' ? <Confirm /> : <ResetPassword />
}

function Confirm() {
  const token = useToken()
  const [state, setState] = useState<'busy' | 'done' | ApiError>('busy')
  useEffect(() => {
    call('/auth/verify-email', { method: 'POST', body: { token }, anonymous: true }).then(
      () => setState('done'),
      (error: unknown) => setState(asApiError(error)),
    )
  }, [token])
  return (
    <div class="card narrow stack">
      <Title text="Confirm your address" />
      {state === 'busy' ? (
        <Skeleton lines={2} />
      ) : state === 'done' ? (
        <>
          <Notice kind="good">Your address is confirmed. You get a mail when a generation completes.</Notice>
          <a class="button primary" href="/websites">
            Go to your websites
          </a>
        </>
      ) : (
        <>
          <Notice kind="bad">{state.message}</Notice>
          <NewLink path="/auth/resend-verification" label="Send a new link" />
        </>
      )}
    </div>
  )
}

function ResetPassword() {
  const token = useToken()
  const [password, setPassword] = useState('')
  const [done, setDone] = useState(false)
  const form = useSubmission()
  const dead = !token || form.error?.code === 'invalid_token' || form.error?.fields['token']
  return (
    <div class="card narrow stack">
      <Title text="Choose a new password" />
      {done ? (
        <>
          <Notice kind="good">Your password was changed. You are signed out everywhere.</Notice>
          <a class="button primary" href="/sign-in">
            Sign in
          </a>
        </>
      ) : dead ? (
        <>
          <Notice kind="bad">This link does not work any more. Each link works once and expires.</Notice>
          <NewLink path="/auth/forgot-password" label="Send a new link" />
        </>
      ) : (
        <form
          class="stack"
          onSubmit={async (event) => {
            event.preventDefault()
            if (await form.run(() => call('/auth/reset-password', { method: 'POST', body: { token, new_password: password }, anonymous: true }))) setDone(true)
          }}
        >
          <FormError error={form.error} known={['new_password']} />
          <Field label="New password" name="new_password" type="password" value={password} onValue={setPassword} autocomplete="new-password" required minLength={8} maxLength={128} hint="At least 8 characters." error={form.error?.fields['new_password']} />
          <div>
            <Submit busy={form.busy}>Change password</Submit>
          </div>
        </form>
      )}
    </div>
  )
}

function NewLink({ path, label }: { path: string; label: string }) {
  const [email, setEmail] = useState('')
  const [sent, setSent] = useState(false)
  const form = useSubmission()
  if (sent) return <Notice kind="good">If {email} has an account, you will get a mail with a new link.</Notice>
  return (
    <form
      class="stack"
      onSubmit={async (event) => {
        event.preventDefault()
        if (await form.run(() => call(path, { method: 'POST', body: { email: email.trim() }, anonymous: true }))) setSent(true)
      }}
    >
      <FormError error={form.error} known={['email']} />
      <Field label="E-mail" name="email" type="email" value={email} onValue={setEmail} autocomplete="username" required error={form.error?.fields['email']} />
      <div>
        <Submit busy={form.busy} kind="plain">
          {label}
        </Submit>
      </div>
    </form>
  )
}
