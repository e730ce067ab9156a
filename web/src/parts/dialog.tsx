import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'

/** A modal dialog; Escape and a click beside it close it, and the focus returns to where it was. */
export function Dialog({ title, onClose, children, kind = 'dialog' }: { title: string; onClose: () => void; children: ComponentChildren; kind?: 'dialog' | 'panel' }) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  // Before the next key is read: an Escape that follows at once must find an open dialog.
  useLayoutEffect(() => {
    dialog.current?.showModal()
    return () => dialog.current?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      class={kind}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class={kind === 'panel' ? 'stack card-body' : 'stack'}>
        <div class="row between one-line">
          <h2 id={id} class="grow">
            {title}
          </h2>
          <button type="button" class="button small quiet" onClick={onClose}>
            Close
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
