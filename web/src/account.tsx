/** Who is signed in, and what the month still allows, for every screen. */

import { createContext, type ComponentChildren } from 'preact'
import { useCallback, useContext, useEffect, useMemo, useState } from 'preact/hooks'
import { ApiError, call, type Profile, type Quota } from './api/client'
import { maybeSignedIn, onSession } from './api/session'

export interface Account {
  /** `unknown` until the first answer of the server. */
  state: 'unknown' | 'signed-out' | 'signed-in'
  profile: Profile | undefined
  quota: Quota | undefined
  /** Read profile and quota again, for instance after a start. */
  refresh: () => Promise<void>
}

const Context = createContext<Account>({ state: 'unknown', profile: undefined, quota: undefined, refresh: async () => undefined })

export function AccountProvider({ children }: { children: ComponentChildren }) {
  const [state, setState] = useState<Account['state']>(maybeSignedIn() ? 'unknown' : 'signed-out')
  const [profile, setProfile] = useState<Profile>()
  const [quota, setQuota] = useState<Quota>()
  const refresh = useCallback(async () => {
    try {
      const [person, month] = await Promise.all([call<Profile>('/auth/me'), call<Quota>('/generations/quota/check')])
      setProfile(person)
      setQuota(month)
      setState('signed-in')
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        setState('signed-out')
        return
      }
      // The server did not answer: screens show the error of their own requests and try again.
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
  const account = useMemo(() => ({ state, profile, quota, refresh }), [state, profile, quota, refresh])
  return <Context.Provider value={account}>{children}</Context.Provider>
}

export function useAccount(): Account {
  return useContext(Context)
}
