/**
 * The signed-in session of all tabs of this browser.
 *
 * The refresh token is an HttpOnly cookie, so scripts cannot read it. The access token lives in memory only. Tabs send
 * each other new access tokens over a BroadcastChannel and take turns with a Web Lock, so that two tabs never use the
 * same refresh token at once.
 */

const BASE = '/api/v1'
const LOCK = 'llmready-session'
/** Remembers that a sign-in exists, so that signed-out visitors cause no failing refresh request. Not a secret. */
const HINT = 'llmready-signed-in'
/** Refresh this many milliseconds before the access token expires. */
const EARLY = 30_000

export const COOKIE_HEADERS = { 'X-LLMReady-Session': 'cookie' }

interface Token {
  value: string
  /** Milliseconds since the epoch. */
  expires: number
}

type Message = { kind: 'token'; token: Token } | { kind: 'signed-out' }

let token: Token | null = null
const listeners = new Set<(signedIn: boolean) => void>()
const channel = new BroadcastChannel(LOCK)

channel.addEventListener('message', (event: MessageEvent<Message>) => {
  if (event.data.kind === 'token') {
    token = event.data.token
    notify(true)
  } else {
    token = null
    notify(false)
  }
})

function notify(signedIn: boolean): void {
  for (const listener of listeners) listener(signedIn)
}

/** Call `listener` whenever this browser signs in or out, in any tab. Returns a function that stops it. */
export function onSession(listener: (signedIn: boolean) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whether this browser was signed in when it was last used. */
export function maybeSignedIn(): boolean {
  return token !== null || hint() === '1'
}

function hint(): string | null {
  try {
    return localStorage.getItem(HINT)
  } catch {
    return '1' // Storage is blocked: ask the server instead.
  }
}

function setHint(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(HINT, '1')
    else localStorage.removeItem(HINT)
  } catch {
    // Storage is blocked; the next visit asks the server.
  }
}

/** Store the answer of a sign-in or a refresh and tell the other tabs. */
export function signedIn(answer: { access_token: string; expires_in: number }): void {
  token = { value: answer.access_token, expires: Date.now() + answer.expires_in * 1000 }
  setHint(true)
  channel.postMessage({ kind: 'token', token } satisfies Message)
  notify(true)
}

/** Forget the session in all tabs. */
export function signedOut(): void {
  token = null
  setHint(false)
  channel.postMessage({ kind: 'signed-out' } satisfies Message)
  notify(false)
}

/**
 * Return a valid access token, or null when nobody is signed in.
 *
 * @param refused - an access token that the server refused; it is never returned
 * @throws TypeError when the server cannot be reached
 */
export async function accessToken(refused?: string): Promise<string | null> {
  const usable = current(refused)
  if (usable) return usable
  if (!maybeSignedIn()) return null
  return withLock(async () => current(refused) ?? (await refresh()))
}

function current(refused?: string): string | null {
  return token && token.value !== refused && token.expires - EARLY > Date.now() ? token.value : null
}

async function withLock<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? navigator.locks.request(LOCK, work) : work()
}

async function refresh(): Promise<string | null> {
  const answer = await fetch(`${BASE}/auth/refresh`, {
    method: 'POST',
    headers: COOKIE_HEADERS,
  })
  if (answer.ok) {
    const body = await answer.json()
    signedIn(body)
    return body.access_token
  }
  if (answer.status === 401 || answer.status === 403 || answer.status === 422) {
    signedOut()
    return null
  }
  throw new TypeError(`The session could not be renewed (status ${answer.status}).`)
}
