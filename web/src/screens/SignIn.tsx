import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, call, register, signIn } from '../api/client'
import { Field, FormError, Submit, useSubmission } from '../parts/form'
import { Notice, Title } from '../parts/states'
import { shortUrl } from '../parts/format'
import { go, usePlace } from '../router'
import { completeUrl, shownUrl, useStart } from '../starting'

/** Return a path of this app from the `next` parameter; other origins are refused. */
export function nextPlace(next: string | null): string {
  if (!next?.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/websites'
  const url = new URL(next, location.origin)
  return url.origin === location.origin ? url.pathname + url.search : '/websites'
}

/**
 * Sign-in, sign-up and the request for a new password.
 *
 * With `inPlace`, the card replaces a screen that needs a sign-in. The screen appears after the sign-in.
 */
export function SignIn({ inPlace = false }: { inPlace?: boolean }) {
  const { path, query } = usePlace()
  if (path === '/forgot-password') return <ForgotPassword />
  const next = nextPlace(query.get('next'))
  const up = path === '/sign-up'
  return (
    <div class="card narrow stack">
      <Title text={up ? 'Create an account' : 'Sign in'} />
      {inPlace || (query.get('next') && !up) ? <p class="muted">Sign in to continue.</p> : null}
      <Credentials mode={up ? 'up' : 'in'} then={() => (inPlace ? undefined : go(next, { replace: true }))} />
      <p class="small">
        {up ? (
          <>
            Do you have an account? <a href={`/sign-in?${query}`}>Sign in</a>
          </>
        ) : (
          <>
            New here? <a href={inPlace ? `/sign-up?next=${encodeURIComponent(path)}` : `/sign-up?${query}`}>Create an account</a> · <a href="/forgot-password">Forgot your password?</a>
          </>
        )}
      </p>
    </div>
  )
}

/** E-mail and password on the start screen; the URL stays visible and the generation starts right after. */
export function SignUpCard({ url }: { url: string }) {
  const [mode, setMode] = useState<'up' | 'in'>('up')
  const startGeneration = useStart()
  const start = async () => {
    const address = url.trim()
    try {
      go(await startGeneration({ url: address }), { replace: true })
    } catch (error) {
      // The person is signed in now; the list shows the refusal beside the address.
      const refusal = error instanceof ApiError ? error.message : 'The generation did not start.'
      go(`/websites?url=${encodeURIComponent(address)}`, { replace: true, refusal })
    }
  }
  const card = useRef<HTMLDivElement>(null)
  // The focus moves to this form after a press of Generate, but not after a reload.
  useEffect(() => {
    if (document.activeElement !== document.body) card.current?.querySelector('input')?.focus()
  }, [])
  return (
    <div class="stack" ref={card}>
      <h2>
        {mode === 'up' ? 'Create a free account' : 'Sign in'} to generate the files of <span dir="ltr">{shortUrl(shownUrl(completeUrl(url)))}</span>
      </h2>
      <Credentials key={mode} mode={mode} then={start} label={mode === 'up' ? 'Create account and generate' : 'Sign in and generate'} />
      <p class="small">
        {mode === 'up' ? 'Do you have an account? ' : 'New here? '}
        <button type="button" class="button small quiet" onClick={() => setMode(mode === 'up' ? 'in' : 'up')}>
          {mode === 'up' ? 'Sign in instead' : 'Create an account instead'}
        </button>
      </p>
    </div>
  )
}

function Credentials({ mode, then, label }: { mode: 'up' | 'in'; then: () => void | Promise<void>; label?: string }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const form = useSubmission()
  const submit = (event: Event) => {
    event.preventDefault()
    void form.run(async () => {
      if (mode === 'up') {
        await register(email.trim(), password)
        try {
          await signIn(email.trim(), password)
        } catch (error) {
          if (error instanceof ApiError && error.status === 401) {
            throw new ApiError('This address already has an account with another password. Sign in, or reset the password.', 401, 'account_exists')
          }
          throw error
        }
      } else {
        await signIn(email.trim(), password)
      }
      await then()
    })
  }
  return (
    <form class="stack" onSubmit={submit}>
      <FormError error={form.error} known={['email', 'password']} />
      <Field label="E-mail" name="email" type="email" value={email} onValue={setEmail} autocomplete="username" required error={form.error?.fields['email']} />
      <Field
        label="Password"
        name="password"
        type="password"
        value={password}
        onValue={setPassword}
        autocomplete={mode === 'up' ? 'new-password' : 'current-password'}
        required
        minLength={mode === 'up' ? 8 : undefined}
        maxLength={128}
        hint={mode === 'up' ? 'At least 8 characters.' : undefined}
        error={form.error?.fields['password']}
      />
      <div>
        <Submit busy={form.busy} busyLabel={mode === 'up' ? 'Creating the account…' : 'Signing in…'}>
          {label ?? (mode === 'up' ? 'Create account' : 'Sign in')}
        </Submit>
      </div>
    </form>
  )
}

function ForgotPassword() {
  const [email, setEmail] = useState('')
  const [sent, setSent] = useState(false)
  const form = useSubmission()
  return (
    <div class="card narrow stack">
      <Title text="Reset your password" />
      {sent ? (
        <Notice kind="good">If {email} has an account, you will get a mail with a link. The link works once and expires in one hour.</Notice>
      ) : (
        <form
          class="stack"
          onSubmit={async (event) => {
            event.preventDefault()
            const done = await form.run(() => call('/auth/forgot-password', { method: 'POST', body: { email: email.trim() }, anonymous: true }))
            if (done) setSent(true)
          }}
        >
          <FormError error={form.error} known={['email']} />
          <Field label="E-mail" name="email" type="email" value={email} onValue={setEmail} autocomplete="username" required error={form.error?.fields['email']} />
          <div>
            <Submit busy={form.busy}>Send the link</Submit>
          </div>
        </form>
      )}
      <p class="small">
        <a href="/sign-in">Back to sign-in</a>
      </p>
    </div>
  )
}
