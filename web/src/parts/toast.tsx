/** Short messages about what happened elsewhere, for instance that a generation ended while another screen was open. */

import { useEffect, useState } from 'preact/hooks'

interface Toast {
  id: number
  text: string
  /** Path of the screen that shows more. */
  href: string
}

/** Milliseconds that a message stays, unless it is pointed at or holds the focus. */
const SHOWN = 10_000
const ADDED = 'llmready-toast'
let last = 0

/** Show a message with a link. */
export function toast(text: string, href: string): void {
  last += 1
  dispatchEvent(new CustomEvent<Toast>(ADDED, { detail: { id: last, text, href } }))
}

/** The messages, in a region that screen readers announce. */
export function Toasts() {
  const [shown, setShown] = useState<Toast[]>([])
  const [held, setHeld] = useState(false)
  useEffect(() => {
    const add = (event: Event) => setShown((before) => [...before.slice(-2), (event as CustomEvent<Toast>).detail])
    addEventListener(ADDED, add)
    return () => removeEventListener(ADDED, add)
  }, [])
  const oldest = shown[0]?.id
  useEffect(() => {
    if (oldest === undefined || held) return
    const timer = setTimeout(() => setShown((before) => before.slice(1)), SHOWN)
    return () => clearTimeout(timer)
  }, [oldest, held])
  return (
    <div
      class="toasts"
      role="status"
      aria-label="Messages"
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      {shown.map(({ id, text, href }) => (
        <div key={id} class="notice toast">
          <span class="grow">{text}</span>
          <a class="button small" href={href} onClick={() => setShown((before) => before.filter((one) => one.id !== id))}>
            Open
          </a>
        </div>
      ))}
    </div>
  )
}
