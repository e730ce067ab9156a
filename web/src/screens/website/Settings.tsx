import { useEffect, useState } from 'preact/hooks'
import { ApiError, call, type Generation, type Website } from '../../api/client'
import { useAccount } from '../../account'
import { Dialog } from '../../parts/dialog'
import { Check, Field, FormError, Select, useSubmission } from '../../parts/form'
import { count, dateTime, plural } from '../../parts/format'
import { asApiError } from '../../parts/load'
import { State } from '../../parts/states'
import { go, useUnsavedChanges } from '../../router'

interface Form {
  url: string
  name: string
  description: string
  include: string
  exclude: string
  languages: string
  max_pages: string
  timeout: string
  use_playwright: boolean
  is_active: boolean
  link_target: string
  schedule: string
}

/** From the rarest to the most frequent. */
const SCHEDULES = ['off', 'monthly', 'weekly', 'daily']

function formOf(website: Website): Form {
  return {
    url: website.url,
    name: website.name,
    description: website.description ?? '',
    include: website.include_patterns.join('\n'),
    exclude: website.exclude_patterns.join('\n'),
    languages: website.languages.join(', '),
    max_pages: website.max_pages === null ? '' : String(website.max_pages),
    timeout: String(website.timeout),
    use_playwright: website.use_playwright,
    is_active: website.is_active,
    link_target: website.link_target,
    schedule: website.schedule,
  }
}

const lines = (text: string) => text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean)

/** Return the fields whose values differ, as the API names them. */
function changes(before: Form, after: Form): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  if (after.url.trim() !== before.url) found['url'] = after.url.trim()
  if (after.name !== before.name) found['name'] = after.name
  if (after.description !== before.description) found['description'] = after.description || null
  if (after.include !== before.include) found['include_patterns'] = lines(after.include)
  if (after.exclude !== before.exclude) found['exclude_patterns'] = lines(after.exclude)
  if (after.languages !== before.languages) found['languages'] = lines(after.languages)
  if (after.max_pages !== before.max_pages) found['max_pages'] = after.max_pages ? Number(after.max_pages) : null
  if (after.timeout !== before.timeout) found['timeout'] = Number(after.timeout)
  for (const name of ['use_playwright', 'is_active', 'link_target', 'schedule'] as const) {
    if (after[name] !== before[name]) found[name] = after[name]
  }
  return found
}

interface Props {
  website: Website
  /** The generation that is shown, if there is one. */
  run: Generation | null
  onSaved: (website: Website) => void
}

/** All settings of a website, each with what it means. */
export default function Settings({ website, run, onSaved }: Props) {
  const { profile } = useAccount()
  const [form, setForm] = useState(() => formOf(website))
  const [saved, setSaved] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const submission = useSubmission()
  const changed = changes(formOf(website), form)
  const dirty = Object.keys(changed).length > 0
  useUnsavedChanges(dirty)
  const set = <K extends keyof Form>(name: K) => (value: Form[K]) => {
    setSaved(false)
    setForm((before) => ({ ...before, [name]: value }))
  }
  const plan = profile?.plan
  const most = plan?.pages_per_generation
  const allowed = plan ? SCHEDULES.indexOf(plan.schedule) : SCHEDULES.length
  const errors = submission.error?.fields ?? {}
  const submit = (event: Event) => {
    event.preventDefault()
    if (!dirty) return
    void submission.run(async () => {
      const answer = await call<Website>(`/websites/${website.id}`, { method: 'PATCH', body: changed })
      onSaved(answer)
      setForm(formOf(answer))
      setSaved(true)
    })
  }
  return (
    <form class="stack loose" onSubmit={submit}>
      <section class="card stack" aria-labelledby="pages-title">
        <h2 id="pages-title">Which pages</h2>
        <div class="grid-2">
          <Field label="Include only" name="include_patterns" rows={4} value={form.include} onValue={set('include')} placeholder="/docs/**" error={errors['include_patterns']} hint="One pattern per line, such as /docs/** or a plain word. Empty includes all pages." />
          <Field label="Exclude" name="exclude_patterns" rows={4} value={form.exclude} onValue={set('exclude')} placeholder="/blog/tag/**" error={errors['exclude_patterns']} hint="One pattern per line. Excluded pages are not fetched." />
        </div>
        <Preview website={website} run={run} include={form.include} exclude={form.exclude} />
        <div class="grid-2">
          <Field label="Page limit" name="max_pages" type="number" min={1} max={most} value={form.max_pages} onValue={set('max_pages')} placeholder={most ? String(most) : ''} error={errors['max_pages']} hint={most ? `At most ${count(most)} on your plan. Empty means the plan's limit.` : "Empty means the plan's limit."} />
          <Field label="Time limit in seconds" name="timeout" type="number" min={30} value={form.timeout} onValue={set('timeout')} error={errors['timeout']} hint="A crawl that reaches this limit stops and keeps the pages that it has read." />
        </div>
        <Field label="Languages" name="languages" value={form.languages} onValue={set('languages')} placeholder="fr, en" error={errors['languages']} hint="Codes of the languages to list, the main one first. Pages in other languages are listed under Optional. Empty lists all languages, each in its own section." />
        <Check label="Render pages with JavaScript" name="use_playwright" checked={form.use_playwright} onChecked={set('use_playwright')} hint="For sites that show nothing without scripts. Slower; pages that are complete without scripts are not rendered." />
      </section>
      <section class="card stack" aria-labelledby="schedule-title">
        <h2 id="schedule-title">Schedule</h2>
        <Select
          label="Generate automatically"
          name="schedule"
          value={form.schedule}
          onValue={set('schedule')}
          options={SCHEDULES.map((value, rank) => ({
            value,
            label: rank > allowed ? `${value} (needs a larger plan)` : value,
            disabled: rank > allowed && value !== website.schedule,
          }))}
          hint="A run that finds nothing new costs no generation and sends no mail."
        />
        {website.next_run_at ? (
          <p class="small muted">
            Next run <time dateTime={website.next_run_at}>{dateTime(website.next_run_at)}</time>
          </p>
        ) : null}
      </section>
      <section class="card stack" aria-labelledby="active-title">
        <h2 id="active-title">Active</h2>
        <Check label="Active" name="is_active" checked={form.is_active} onChecked={set('is_active')} hint="An inactive website keeps its files but cannot be generated; its schedule is paused." />
      </section>
      <section class="card stack" aria-labelledby="name-title">
        <h2 id="name-title">Address, name and links</h2>
        <Field
          label="Website address"
          name="url"
          value={form.url}
          onValue={set('url')}
          required
          inputMode="url"
          error={errors['url']}
          hint="Only pages below this address are read. http and https count as the same website. Files and history stay when you change the address."
        />
        <Field label="Name" name="name" value={form.name} onValue={set('name')} required maxLength={200} error={errors['name']} />
        <Field label="Description" name="description" value={form.description} onValue={set('description')} error={errors['description']} hint="For you; it is not part of the files." />
        <Select
          label="Links in llms.txt lead to"
          name="link_target"
          value={form.link_target}
          onValue={set('link_target')}
          options={[
            { value: 'page', label: "The site's pages" },
            { value: 'markdown', label: 'The Markdown files under /md/' },
          ]}
        />
      </section>
      <FormError error={submission.error} known={['url', 'name', 'description', 'include_patterns', 'exclude_patterns', 'languages', 'max_pages', 'timeout']} />
      <div class={`row save-bar ${dirty ? 'unsaved' : ''}`}>
        <button type="submit" class="button primary" aria-disabled={submission.busy || !dirty}>
          {submission.busy ? 'Saving…' : 'Save'}
        </button>
        {dirty ? (
          <>
            <button type="button" class="button" onClick={() => setForm(formOf(website))}>
              Discard changes
            </button>
            <State kind="warn">Not saved yet</State>
          </>
        ) : saved ? (
          <span role="status">
            <State kind="good">Saved</State>
          </span>
        ) : null}
      </div>
      <section class="card stack" aria-labelledby="delete-title">
        <h2 id="delete-title">Delete this website</h2>
        <p class="muted">Its {plural(website.generation_count, 'generation')} and all files are deleted. This cannot be undone.</p>
        <div>
          <button type="button" class="button danger" onClick={() => setDeleting(true)}>
            Delete website
          </button>
        </div>
      </section>
      {deleting ? <DeleteDialog website={website} onClose={() => setDeleting(false)} /> : null}
    </form>
  )
}

interface PreviewAnswer {
  kept: number
  excluded: number
  examples_kept: string[]
  examples_excluded: string[]
}

/** Show what the patterns match among the page URLs that the last generation found. */
function Preview({ website, run, include, exclude }: { website: Website; run: Generation | null; include: string; exclude: string }) {
  const [answer, setAnswer] = useState<PreviewAnswer>()
  const [error, setError] = useState<ApiError>()
  useEffect(() => {
    const control = new AbortController()
    const timer = setTimeout(() => {
      const body = { include_patterns: lines(include), exclude_patterns: lines(exclude) }
      call<PreviewAnswer>(`/websites/${website.id}/preview`, { method: 'POST', body, signal: control.signal }).then(
        (found) => {
          setAnswer(found)
          setError(undefined)
        },
        (caught: unknown) => !control.signal.aborted && setError(asApiError(caught)),
      )
    }, 400)
    return () => {
      clearTimeout(timer)
      control.abort()
    }
  }, [website.id, include, exclude])
  if (error || !answer) {
    const waiting = error ? error.message : 'Matching the patterns…'
    return (
      <div class="preview small muted" role="status">
        {error?.code === 'no_generation' ? 'After the first generation, this shows which pages the patterns match.' : waiting}
      </div>
    )
  }
  return (
    <div class="preview stack tight" role="status">
      <p>
        {plural(answer.kept, 'page address', 'page addresses')} kept, {count(answer.excluded)} excluded. The last generation found these addresses.
        {run?.pages_failed ? ` ${plural(run.pages_failed, 'of these pages', 'of these pages')} could not be read and ${run.pages_failed === 1 ? 'is' : 'are'} not in the files.` : null}
      </p>
      <div class="grid-2">
        <Examples title="Kept, for example" kind="good" urls={answer.examples_kept} />
        <Examples title="Excluded, for example" kind="bad" urls={answer.examples_excluded} />
      </div>
    </div>
  )
}

function Examples({ title, kind, urls }: { title: string; kind: 'good' | 'bad'; urls: string[] }) {
  if (urls.length === 0) return null
  return (
    <details>
      <summary>
        <State kind={kind}>{title}</State>
      </summary>
      <ul class="small">
        {urls.map((url) => (
          <li key={url} class="truncate" title={url}>
            {url}
          </li>
        ))}
      </ul>
    </details>
  )
}

function DeleteDialog({ website, onClose }: { website: Website; onClose: () => void }) {
  const form = useSubmission()
  return (
    <Dialog title={`Delete ${website.name}?`} onClose={onClose}>
      <p>
        The website, its {plural(website.generation_count, 'generation')} and all files are deleted. Links to the files stop working. This cannot be undone.
      </p>
      <FormError error={form.error} />
      <div class="row">
        <button
          type="button"
          class="button danger"
          aria-disabled={form.busy}
          onClick={() =>
            form.run(async () => {
              await call(`/websites/${website.id}`, { method: 'DELETE' })
              go('/websites', { replace: true })
            })
          }
        >
          {form.busy ? 'Deleting…' : 'Delete website'}
        </button>
        <button type="button" class="button" onClick={onClose}>
          Keep it
        </button>
      </div>
    </Dialog>
  )
}
