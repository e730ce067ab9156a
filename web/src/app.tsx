import { Suspense } from 'preact/compat'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { AccountProvider, useAccount } from './account'
import { signOut } from './api/client'
import { screen, prefetch } from './lazy'
import { Boundary } from './parts/Boundary'
import { count, date, plural } from './parts/format'
import { Skeleton } from './parts/states'
import { Toasts } from './parts/toast'
import { go, match, usePlace } from './router'
import { NotFound } from './screens/NotFound'
import { SignIn } from './screens/SignIn'
import { Start } from './screens/Start'

const Websites = screen(() => import('./screens/Websites'))
const WebsiteScreen = screen(() => import('./screens/Website'))
const AccountScreen = screen(() => import('./screens/Account'))
const Usage = screen(() => import('./screens/Usage'))
const Example = screen(() => import('./screens/Example'))
const MailPage = screen(() => import('./screens/MailPages'))

export function App() {
  return (
    <AccountProvider>
      <Frame>
        <Screens />
      </Frame>
    </AccountProvider>
  )
}

function Screens() {
  const { path } = usePlace()
  const { state } = useAccount()
  useEffect(() => {
    if (state === 'signed-in') prefetch()
  }, [state])
  return (
    <Boundary key={path.split('/').slice(0, 3).join('/')}>
      <Suspense fallback={<Skeleton lines={6} />}>
        <Screen />
      </Suspense>
    </Boundary>
  )
}

function Screen() {
  const { path, query } = usePlace()
  const { state } = useAccount()
  if (path === '/sign-in' || path === '/sign-up' || path === '/forgot-password') return <SignIn key={path} />
  if (MAIL_PAGES.some((pattern) => match(pattern, path))) return <MailPage />
  if (match('/example/:tab?', path)) return <Example />
  if (state === 'unknown') return <Skeleton lines={6} />
  if (path === '/') return state === 'signed-in' && !query.get('url') ? <Websites /> : <Start />
  const known = SIGNED_IN.find(({ pattern }) => match(pattern, path))
  if (!known) return <NotFound />
  if (state === 'signed-out') return <SignIn key="in-place" inPlace />
  return <known.screen />
}

const MAIL_PAGES = ['/confirm', '/reset-password', '/unsubscribe', '/download/:id']

const SIGNED_IN = [
  { pattern: '/websites', screen: Websites },
  { pattern: '/websites/:id/:tab?', screen: WebsiteScreen },
  { pattern: '/usage', screen: Usage },
  { pattern: '/account/:tab?', screen: AccountScreen },
]

function Frame({ children }: { children: ComponentChildren }) {
  const { path } = usePlace()
  const { state, profile, quota } = useAccount()
  const current = (start: string) => (path === start || path.startsWith(`${start}/`) ? ('page' as const) : undefined)
  return (
    <div class="frame">
      <a class="skip-link" href="#content">
        Skip to content
      </a>
      <header class="top">
        <div class="top-inner">
          <a class="brand" href="/">
            <img src="/icon.svg" alt="" width="24" height="24" />
            LLMReady
          </a>
          {state !== 'signed-out' ? (
            <>
              <nav class="nav" aria-label="Main">
                <a href="/websites" aria-current={path === '/' ? 'page' : current('/websites')}>
                  Websites
                </a>
                <a href="/usage" aria-current={current('/usage')}>
                  Usage
                </a>
              </nav>
              {quota ? (
                <a class="quota small muted" href="/usage">
                  <span class="wide-only">
                    Generations: {count(quota.remaining_generations)} of {count(quota.generations_limit)} left · resets {date(quota.resets_at)}
                  </span>
                  <span class="narrow-only">{plural(quota.remaining_generations, 'generation')} left</span>
                </a>
              ) : null}
              <AccountMenu name={profile?.full_name || profile?.email || 'Account'} />
            </>
          ) : (
            <>
              <nav class="nav" aria-label="Main">
                <a href="/api/v1/docs">API</a>
              </nav>
              {path === '/sign-in' ? null : (
                <a class="button small" href="/sign-in">
                  Sign in
                </a>
              )}
            </>
          )}
        </div>
      </header>
      <main class="main" id="content" tabIndex={-1}>
        {children}
      </main>
      <Toasts />
      <footer class="bottom">
        <div class="bottom-inner">
          <span>LLMReady</span>
          <a href="/api/v1/docs">API documentation</a>
          <a href="https://llmstxt.org" rel="noopener">
            About llms.txt
          </a>
        </div>
      </footer>
    </div>
  )
}

function AccountMenu({ name }: { name: string }) {
  const { path, query } = usePlace()
  return (
    <details class="menu" key={path + query.toString()}>
      <summary aria-label={`Account menu of ${name}`}>
        <span class="truncate" dir="auto">
          {name}
        </span>
        <span aria-hidden="true">▾</span>
      </summary>
      <div class="menu-list">
        <a href="/account">Account</a>
        <a href="/account/keys">API keys</a>
        <button
          type="button"
          onClick={async () => {
            await signOut().catch(() => undefined)
            go('/')
          }}
        >
          Sign out
        </button>
      </div>
    </details>
  )
}
