/** Who is signed in, and what the month still allows, for every screen. */

import { createContext, type ComponentChildren } from 'preact'
import { useCallback, useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { ApiError, call, type Profile, type Quota } from './api/client'
import { maybeSignedIn, onSession } from './api/session'
import { asApiError } from './parts/load'

export interface Account {
  /** `unknown` until the first answer of the server. */
  state: 'unknown' | 'signed-out' | 'signed-in'
  profile: Profile | undefined
  quota: Quota | undefined
  /** Why profile and quota could not be read the last time; they are read again on their own. */
  error: ApiError | undefined
  /** Read profile and quota again, for instance after a start. */
  refresh: () => Promise<void>
}

/** Milliseconds after which profile and quota are read again when the person comes back to the page. */
const STALE = 60_000
/** Milliseconds between tries after a failure. */
const RETRY = 5_000

const Context = createContext<Account>({ state: 'unknown', profile: undefined, quota: undefined, error: undefined, refresh: async () => undefined })

export function AccountProvider({ children }: { children: ComponentChildren }) {
  const [state, setState] = useState<Account['state']>(maybeSignedIn() ? 'unknown' : 'signed-out')
  const [profile, setProfile] = useState<Profile>()
  const [quota, setQuota] = useState<Quota>()
  const [failures, setFailures] = useState(0)
  const [error, setError] = useState<ApiError>()
  const readAt = useRef(0)
  const refresh = useCallback(async () => {
    readAt.current = Date.now()
    try {
      const [person, month] = await Promise.all([call<Profile>('/auth/me'), call<Quota>('/generations/quota/check')])
      setProfile(person)
      setQuota(month)
      setState('signed-in')
      setFailures(0)
      setError(undefined)
    } catch (caught) {
      if (caught instanceof ApiError && caught.status === 401) {
        setState('signed-out')
        return
      }
      // The server did not answer: screens show the errors of their own requests.
      setFailures((number) => number + 1)
      setError(asApiError(caught))
      setState((before) => (before === 'unknown' ? 'signed-in' : before))
    }
  }, [])
  useEffect(() => {
    if (maybeSignedIn()) void refresh()
    return onSession((signedIn) => {
      if (signedIn) {
        setState((before) => {
          if (before === 'signed-out') void refresh()
          return 'signed-in'
        })
      } else {
        setState('signed-out')
        setProfile(undefined)
        setQuota(undefined)
      }
    })
  }, [refresh])
  useEffect(() => {
    if (failures === 0) return
    const again = () => void refresh()
    addEventListener('online', again)
    const timer = setTimeout(again, RETRY * Math.min(failures, 6))
    return () => {
      removeEventListener('online', again)
      clearTimeout(timer)
    }
  }, [failures, refresh])
  // Another tab, a schedule or a new month may have changed the quota meanwhile.
  useEffect(() => {
    if (state !== 'signed-in') return
    const back = () => {
      if (!document.hidden && Date.now() - readAt.current > STALE) void refresh()
    }
    document.addEventListener('visibilitychange', back)
    return () => document.removeEventListener('visibilitychange', back)
  }, [state, refresh])
  const account = useMemo(() => ({ state, profile, quota, error, refresh }), [state, profile, quota, error, refresh])
  return <Context.Provider value={account}>{children}</Context.Provider>
}

export function useAccount(): Account {
  return useContext(Context)
}
