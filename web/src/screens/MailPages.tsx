import { useEffect, useState } from 'preact/hooks'
import { useAccount } from '../account'
import { ApiError, call } from '../api/client'
import { Field, FormError, Submit, useSubmission } from '../parts/form'
import { Notice, Title } from '../parts/states'
import { match, usePlace } from '../router'

const tokenOfAddress = () => new URLSearchParams(location.hash.slice(1)).get('token') ?? ''

/** Read `#token=…` once and remove it from the address bar, so that it is neither shared nor kept in the history. */
function useToken(): string {
  const [token, setToken] = useState(tokenOfAddress)
  useEffect(() => {
    if (token) history.replaceState(null, '', location.pathname + location.search)
    // Another link of the same kind, opened in this tab, changes the fragment alone.
    const opened = () => setToken((before) => tokenOfAddress() || before)
    addEventListener('hashchange', opened)
    return () => removeEventListener('hashchange', opened)
  }, [token])
  return token
}

/** Screens that the links in mails open. Each acts on a press only, because programs that check links open them too. */
export default function MailPage() {
  const { path } = usePlace()
  const token = useToken()
  if (path === '/confirm') return <Confirm key={token} token={token} />
  if (path === '/unsubscribe') return <Unsubscribe key={token} token={token} />
  if (path === '/reset-password') return <ResetPassword key={token} token={token} />
  return <DownloadFiles key={token} token={token} generation={match('/download/:id', path)?.['id'] ?? ''} />
}

/** Whether a link will never work, in contrast to a server that is busy or out of reach. */
function isDead(error: ApiError | undefined): boolean {
  return error !== undefined && error.status !== 0 && error.status !== 429 && error.status < 500
}

function Confirm({ token }: { token: string }) {
  const [done, setDone] = useState(false)
  const form = useSubmission()
  const { state, profile, refresh } = useAccount()
  const confirm = async () => {
    const confirmed = await form.run(() => call('/auth/verify-email', { method: 'POST', body: { token }, anonymous: true }))
    setDone(confirmed)
    if (confirmed && state === 'signed-in') void refresh()
  }
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
      ) : isDead(form.error) || !token ? (
        profile?.is_verified ? (
          <>
            <Notice kind="good">
              <span dir="ltr">{profile.email}</span> is confirmed already. This link is not needed any more.
            </Notice>
            <a class="button primary" href="/websites">
              Go to your websites
            </a>
          </>
        ) : (
          <>
            <Notice kind="bad">{form.error?.message ?? INCOMPLETE}</Notice>
            <NewLink path="/auth/resend-verification" label="Send a new link" />
          </>
        )
      ) : (
        <>
          <p>Confirm that this address is yours. LLMReady then sends you a mail when a generation completes.</p>
          <FormError error={form.error} />
          <button type="button" class="button primary" aria-disabled={form.busy} onClick={confirm}>
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
      ) : isDead(form.error) || !token ? (
        <Notice kind="bad">{form.error?.message ?? 'This link is incomplete. Copy the whole link from the mail.'}</Notice>
      ) : (
        <>
          <FormError error={form.error} />
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
  const signedIn = useAccount().state === 'signed-in'
  const path = `/generations/${encodeURIComponent(generation)}/download?redirect=false&token=${encodeURIComponent(token)}`
  const gone = form.error?.status === 404 || form.error?.status === 410
  return (
    <div class="card narrow stack">
      <Title text="Download your files" />
      {isDead(form.error) || !token ? (
        <>
          <Notice kind="bad">
            {gone
              ? form.error?.message
              : `This link has expired or is incomplete. ${signedIn ? 'Open the website in your list' : 'Sign in'} to download the files as long as they are kept.`}
          </Notice>
          <a class="button primary" href="/websites">
            Go to your websites
          </a>
        </>
      ) : (
        <>
          <FormError error={form.error} />
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

/** Ask for a new link. It goes to the account's address if somebody is signed in, else to the one that is entered. */
function NewLink({ path, label }: { path: string; label: string }) {
  const { profile } = useAccount()
  const [entered, setEmail] = useState('')
  const [sent, setSent] = useState(false)
  const form = useSubmission()
  const email = profile?.email ?? entered.trim()
  if (sent)
    return (
      <Notice kind="good">
        {profile ? 'A mail with a new link is on its way to ' : 'If there is an account with this address, a mail with a new link is on its way: '}
        <span dir="ltr">{email}</span>
      </Notice>
    )
  return (
    <form
      class="stack"
      onSubmit={async (event) => {
        event.preventDefault()
        if (await form.run(() => call(path, { method: 'POST', body: { email }, anonymous: true }))) setSent(true)
      }}
    >
      <FormError error={form.error} known={profile ? [] : ['email']} />
      {profile ? (
        <p>
          The new link goes to <span dir="ltr">{profile.email}</span>, the address of your account.
        </p>
      ) : (
        <Field label="E-mail" name="email" type="email" value={entered} onValue={setEmail} autocomplete="username" required error={form.error?.fields['email']} />
      )}
      <div>
        <Submit busy={form.busy} kind="plain">
          {label}
        </Submit>
      </div>
    </form>
  )
}
