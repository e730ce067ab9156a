import { useEffect, useState } from 'preact/hooks'
import { call } from '../api/client'
import { Field, FormError, Submit, useSubmission } from '../parts/form'
import { Notice, Title } from '../parts/states'
import { match, usePlace } from '../router'

/** Read `#token=…` once and remove it from the address bar, so that it is neither shared nor kept in the history. */
function useToken(): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  useEffect(() => {
    if (token) history.replaceState(null, '', location.pathname + location.search)
  }, [token])
  return token
}

/** Screens that the links in mails open. Each acts on a press only, because programs that check links open them too. */
export default function MailPage() {
  const { path } = usePlace()
  const token = useToken()
  if (path === '/confirm') return <Confirm token={token} />
  if (path === '/unsubscribe') return <Unsubscribe token={token} />
  if (path === '/reset-password') return <ResetPassword token={token} />
  return <DownloadFiles token={token} generation={match('/download/:id', path)?.['id'] ?? ''} />
}

function Confirm({ token }: { token: string }) {
  const [done, setDone] = useState(false)
  const form = useSubmission()
  return (
    <div class="card narrow stack">
      <Title text="Confirm your address" />
      {done ? (
        <>
          <Notice kind="good">Your address is confirmed. You get a mail when a generation completes.</Notice>
          <a class="button primary" href="/websites">
            Go to your websites
          </a>
        </>
      ) : form.error || !token ? (
        <>
          <Notice kind="bad">{form.error?.message ?? INCOMPLETE}</Notice>
          <NewLink path="/auth/resend-verification" label="Send a new link" />
        </>
      ) : (
        <>
          <p>Confirm that this address is yours. LLMReady then sends you a mail when a generation completes.</p>
          <button type="button" class="button primary" aria-disabled={form.busy} onClick={async () => setDone(await form.run(() => call('/auth/verify-email', { method: 'POST', body: { token }, anonymous: true })))}>
            Confirm address
          </button>
        </>
      )}
    </div>
  )
}

const INCOMPLETE = 'This link is incomplete. Copy the whole link from the mail, or ask for a new one.'

function Unsubscribe({ token }: { token: string }) {
  const [done, setDone] = useState(false)
  const form = useSubmission()
  const path = `/auth/unsubscribe?token=${encodeURIComponent(token)}`
  return (
    <div class="card narrow stack">
      <Title text="Stop these mails" />
      {done ? (
        <Notice kind="good">You will get no more mails of this kind.</Notice>
      ) : form.error || !token ? (
        <Notice kind="bad">{form.error?.message ?? 'This link is incomplete. Copy the whole link from the mail.'}</Notice>
      ) : (
        <>
          <p>You will get no more mails of the same kind as the mail with this link. Mails about your account, such as a password reset, still arrive.</p>
          <button type="button" class="button primary" aria-disabled={form.busy} onClick={async () => setDone(await form.run(() => call(path, { method: 'POST', anonymous: true, text: true })))}>
            Stop these mails
          </button>
        </>
      )}
      <p class="small">
        <a href="/account/mails">Choose which mails you get</a>
      </p>
    </div>
  )
}

function DownloadFiles({ token, generation }: { token: string; generation: string }) {
  const form = useSubmission()
  const path = `/generations/${encodeURIComponent(generation)}/download?redirect=false&token=${encodeURIComponent(token)}`
  const gone = form.error?.status === 404 || form.error?.status === 410
  return (
    <div class="card narrow stack">
      <Title text="Download your files" />
      {form.error || !token ? (
        <>
          <Notice kind="bad">
            {gone ? form.error?.message : 'This link has expired or is incomplete. Sign in to download the files as long as they are kept.'}
          </Notice>
          <a class="button primary" href="/websites">
            Go to your websites
          </a>
        </>
      ) : (
        <>
          <p>The zip contains llms.txt, llms-full.txt and one Markdown file per page.</p>
          <button
            type="button"
            class="button primary"
            aria-disabled={form.busy}
            onClick={() => form.run(async () => location.assign((await call<{ download_url: string }>(path, { anonymous: true })).download_url))}
          >
            Download
          </button>
          <p class="small">
            <a href="/websites">Open the result in LLMReady</a>
          </p>
        </>
      )}
    </div>
  )
}

function ResetPassword({ token }: { token: string }) {
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
