/** What the app says and does when no generations are left this month. */

import type { ComponentChildren } from 'preact'
import { useAccount } from '../account'
import { date, plural } from './format'
import { Notice } from './states'

const ID = 'none-left'

/** Return why nothing can be generated until the quota resets, or an empty string. */
export function useNoneLeft(): string {
  const { quota } = useAccount()
  // The quota may have been read in an earlier month.
  if (!quota || quota.can_generate || Date.parse(quota.resets_at) <= Date.now()) return ''
  return `No generations are left this month: ${quota.generations_used} of ${plural(quota.generations_limit, 'generation')} used. The quota resets on ${date(quota.resets_at)}.`
}

/** Say that no generations are left, when they start again, and what to do until then. */
export function NoneLeft() {
  const reason = useNoneLeft()
  if (!reason) return null
  return (
    <Notice>
      <span id={ID}>{reason}</span> <a href="/usage">Compare plans</a>
    </Notice>
  )
}

interface ButtonProps {
  onClick: () => void
  busy: boolean
  class?: string
  /** Full name for screen readers, when several buttons have the same text. */
  name?: string
  children: ComponentChildren
}

/** A button that starts a generation; it does nothing while none is left, and {@link NoneLeft} on the same screen says why. */
export function GenerateButton({ onClick, busy, class: kind = '', name, children }: ButtonProps) {
  const none = useNoneLeft() !== ''
  return (
    <button
      type="button"
      class={`button ${kind}`}
      aria-label={name}
      aria-disabled={busy || none}
      aria-describedby={none ? ID : undefined}
      onClick={() => {
        if (!none) onClick()
      }}
    >
      {busy ? 'Starting…' : children}
    </button>
  )
}
