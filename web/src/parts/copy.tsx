import { useEffect, useState } from 'preact/hooks'

/** A button that copies text and says so. */
export function Copy({ text, label = 'Copy', kind = '' }: { text: string | (() => Promise<string> | string); label?: string; kind?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
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
    <button type="button" class={`button small ${kind}`} onClick={copy}>
      <span role="status">{state === 'copied' ? 'Copied' : state === 'failed' ? 'Select the text to copy it' : label}</span>
    </button>
  )
}
