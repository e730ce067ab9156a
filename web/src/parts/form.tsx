/** Form fields whose errors are tied to them, and submission that is never sent twice. */

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { ApiError } from '../api/client'
import { asApiError } from './load'
import { Notice } from './states'

export interface FieldProps {
  label: string
  name: string
  value: string
  onValue: (value: string) => void
  hint?: ComponentChildren
  error?: string | undefined
  hideLabel?: boolean
  rows?: number
  type?: 'text' | 'email' | 'password' | 'url' | 'number' | 'search' | 'date'
  required?: boolean
  autocomplete?: string
  placeholder?: string
  autoFocus?: boolean
  inputMode?: 'url' | 'email' | 'numeric' | 'text'
  min?: number
  max?: number
  minLength?: number
  maxLength?: number
}

type Control = HTMLInputElement | HTMLTextAreaElement

/** Say what is wrong with a value in the words of this app. */
function invalidMessage({ validity }: Control, { minLength, min, max }: FieldProps): string {
  if (validity.valueMissing) return 'Fill in this field.'
  if (validity.tooShort) return `Enter at least ${minLength} characters.`
  if (validity.typeMismatch) return 'This is not an e-mail address. Enter one such as ada@example.org.'
  if (validity.rangeUnderflow) return `Enter ${min} or more.`
  if (validity.rangeOverflow) return `Enter ${max} or less.`
  return 'This value cannot be used. Enter another one.'
}

/** A labelled field. What the browser refuses is said below it, as are the refusals of the server. */
export function Field(props: FieldProps) {
  const id = useId()
  const [shown, setShown] = useState(false)
  const field = useRef<HTMLDivElement>(null)
  // A password is hidden again when its form is sent, so that nobody reads it meanwhile and browsers offer to save it.
  useEffect(() => {
    const form = shown ? field.current?.closest('form') : null
    const hide = () => setShown(false)
    form?.addEventListener('submit', hide)
    return () => form?.removeEventListener('submit', hide)
  }, [shown])
  const [invalid, setInvalid] = useState('')
  // A refusal concerns the value that was sent, not the one that is being typed.
  const [edited, setEdited] = useState(false)
  useEffect(() => setEdited(false), [props.error])
  const error = invalid || (edited ? '' : props.error)
  const described = [props.hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ')
  const shared = {
    id,
    name: props.name,
    class: 'input',
    value: props.value,
    required: props.required,
    placeholder: props.placeholder,
    autocomplete: props.autocomplete,
    autofocus: props.autoFocus,
    minLength: props.minLength,
    maxLength: props.maxLength,
    'aria-invalid': error ? ('true' as const) : undefined,
    'aria-describedby': described || undefined,
    onInput: (event: Event) => {
      setInvalid('')
      setEdited(true)
      props.onValue((event.currentTarget as Control).value)
    },
    onInvalid: (event: Event) => {
      event.preventDefault()
      const control = event.currentTarget as Control
      setInvalid(invalidMessage(control, props))
      if (control.form?.querySelector('input:invalid, textarea:invalid') === control) control.focus()
    },
  }
  return (
    <div class="field" ref={field}>
      <label for={id} class={props.hideLabel ? 'visually-hidden' : undefined}>
        {props.label}
      </label>
      {props.rows ? (
        <textarea {...(shared as object)} rows={props.rows} spellcheck={false} />
      ) : props.type === 'password' ? (
        <div class="password">
          <input {...({ ...shared, type: shown ? 'text' : 'password', spellcheck: false, autocapitalize: 'none' } as object)} />
          <button type="button" aria-pressed={shown} aria-controls={id} onClick={() => setShown(!shown)}>
            <Eye crossed={shown} />
            <span class="visually-hidden">Show {props.label.toLowerCase().replace(/^your /, '')}</span>
          </button>
        </div>
      ) : (
        <input {...({ ...shared, type: props.type ?? 'text', inputMode: props.inputMode, min: props.min, max: props.max } as object)} />
      )}
      {props.hint ? (
        <span class="hint" id={`${id}-hint`}>
          {props.hint}
        </span>
      ) : null}
      <span class="error" id={`${id}-error`} role="alert">
        {error}
      </span>
    </div>
  )
}

function Eye({ crossed }: { crossed: boolean }) {
  return (
    <svg class="eye" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z" />
      <circle cx="12" cy="12" r="3" />
      {crossed ? <path d="M4 20 20 4" /> : null}
    </svg>
  )
}

export function Check({ label, hint, checked, onChecked, name }: { label: string; hint?: string; checked: boolean; onChecked: (checked: boolean) => void; name: string }) {
  const id = useId()
  return (
    <div class="check">
      <input
        type="checkbox"
        id={id}
        name={name}
        checked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint ? (
          <div class="hint" id={`${id}-hint`}>
            {hint}
          </div>
        ) : null}
      </div>
    </div>
  )
}

export function Select({ label, name, value, onValue, options, hint }: { label: string; name: string; value: string; onValue: (value: string) => void; options: { value: string; label: string; disabled?: boolean }[]; hint?: string }) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} class="input" value={value} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      {hint ? (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      ) : null}
    </div>
  )
}

export interface Submission {
  busy: boolean
  error: ApiError | undefined
  /** Run the action unless it is running already; returns whether it succeeded. */
  run: (action: () => Promise<unknown>) => Promise<boolean>
  clear: () => void
}

export function useSubmission(): Submission {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<ApiError>()
  const running = useRef(false)
  return {
    busy,
    error,
    clear: () => setError(undefined),
    run: async (action) => {
      if (running.current) return false
      running.current = true
      setBusy(true)
      setError(undefined)
      try {
        await action()
        return true
      } catch (caught) {
        setError(asApiError(caught))
        return false
      } finally {
        running.current = false
        setBusy(false)
      }
    },
  }
}

/** Return where a refusal can be mended. */
function wayOn({ code, body }: ApiError): { href: string; label: string } | null {
  if (code === 'website_exists' && body['website_id']) return { href: `/websites/${body['website_id']}`, label: 'Open it' }
  if (code === 'quota_exceeded' || code === 'plan_limit') return { href: '/usage', label: 'Compare plans' }
  if (code === 'email_not_verified') return { href: '/account', label: 'Send the mail again' }
  return null
}

/** The error of a submission that belongs to no single field. */
export function FormError({ error, known = [] }: { error: ApiError | undefined; known?: string[] }) {
  if (!error) return null
  const others = Object.entries(error.fields).filter(([field]) => !known.includes(field))
  if (Object.keys(error.fields).length > 0 && others.length === 0) return null
  const way = wayOn(error)
  return (
    <Notice kind="bad">
      {error.message}
      {way ? (
        <>
          {' '}
          <a href={way.href}>{way.label}</a>
        </>
      ) : null}
      {others.length ? (
        <ul>
          {others.map(([field, message]) => (
            <li key={field}>
              {field}: {message}
            </li>
          ))}
        </ul>
      ) : null}
    </Notice>
  )
}

export function Submit({ busy, children, busyLabel, kind = 'primary' }: { busy: boolean; children: ComponentChildren; busyLabel?: string; kind?: 'primary' | 'plain' | 'danger' }) {
  return (
    <button type="submit" class={`button ${kind === 'plain' ? '' : kind}`} aria-disabled={busy}>
      {busy ? (busyLabel ?? children) : children}
    </button>
  )
}
