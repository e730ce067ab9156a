import { useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { Dialog } from './dialog'
import { FormError, useSubmission } from './form'

interface ConfirmProps {
  /** Text of the button that opens the question. */
  label: string
  /** Full name for screen readers, when several buttons have the same text. */
  name?: string
  title: string
  /** What is lost. */
  children: ComponentChildren
  action: () => Promise<unknown>
  kind?: string
}

/** A button for what cannot be undone: a dialog names what is lost before anything happens. */
export function Confirm({ label, name, title, children, action, kind = 'danger' }: ConfirmProps) {
  const [open, setOpen] = useState(false)
  const form = useSubmission()
  return (
    <>
      <button type="button" class={`button small ${kind}`} aria-label={name} onClick={() => setOpen(true)}>
        {label}
      </button>
      {open ? (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <p>{children}</p>
          <FormError error={form.error} />
          <div class="row">
            <button
              type="button"
              class="button danger"
              aria-disabled={form.busy}
              onClick={async () => {
                if (await form.run(action)) setOpen(false)
              }}
            >
              {label}
            </button>
            <button type="button" class="button" onClick={() => setOpen(false)}>
              Keep it
            </button>
          </div>
        </Dialog>
      ) : null}
    </>
  )
}
