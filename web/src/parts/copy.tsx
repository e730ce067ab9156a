import { useEffect, useState } from 'preact/hooks'

const SAID = { idle: '', copied: 'Copied', failed: 'Select the text to copy it' }

/** A button that copies text and says so. */
export function Copy({ text, label = 'Copy', kind = '' }: { text: string | (() => Promise<string> | string); label?: string; kind?: string }) {
  const [state, setState] = useState<keyof typeof SAID>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2500)
    return () => clearTimeout(timer)
  }, [state])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text())
      setState('copied')
    } catch {
      setState('failed')
    }
  }
  return (
    <>
      <button type="button" class={`button small ${kind}`} aria-label={label} onClick={copy}>
        {SAID[state] || label}
      </button>
      <span class="visually-hidden" role="status">
        {SAID[state]}
      </span>
    </>
  )
}
