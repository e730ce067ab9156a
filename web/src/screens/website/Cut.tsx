import { useState } from 'preact/hooks'
import { call, type Generation, type Website } from '../../api/client'
import { useAccount } from '../../account'
import { FormError, useSubmission } from '../../parts/form'
import { count, inWords } from '../../parts/format'
import { Notice } from '../../parts/states'

/** Say first when a result is not the whole site, and offer what mends it. */
export function Cut({ website, run }: { website: Website; run: Generation }) {
  const { profile } = useAccount()
  const [raised, setRaised] = useState(false)
  const form = useSubmission()
  const found = run.pages_found ?? 0
  const cutByLimit = run.truncated_by === 'max_pages' && found > run.pages_crawled
  if (!run.truncated_by && !run.warnings?.length) return null
  const allowed = profile?.plan.pages_per_generation ?? 0
  const wanted = Math.min(found, allowed)
  const canRaise = cutByLimit && website.max_pages !== null && website.max_pages < wanted
  return (
    <>
      <Notice
        kind="warn"
        action={
          canRaise && !raised ? (
            <button
              type="button"
              class="button small"
              aria-disabled={form.busy}
              onClick={async () => {
                const done = await form.run(() => call(`/websites/${website.id}`, { method: 'PATCH', body: { max_pages: wanted } }))
                if (done) setRaised(true)
              }}
            >
              Raise the limit to {count(wanted)}
            </button>
          ) : undefined
        }
      >
        {cutByLimit ? (
          <p>
            {count(run.pages_crawled)} of {count(found)} pages are included.{' '}
            {raised
              ? `The limit is now ${count(wanted)}. Generate again to include more.`
              : canRaise
                ? `Your plan allows ${count(allowed)}.`
                : allowed && found > allowed
                  ? `Your plan includes ${count(allowed)} pages. Exclude pages in the settings to choose which ones, or change the plan.`
                  : ''}
          </p>
        ) : null}
        {(run.warnings ?? [])
          .filter((warning) => !cutByLimit || !/pages are included/.test(warning))
          .map((warning) => (
            <p key={warning}>{inWords(warning)}</p>
          ))}
      </Notice>
      <FormError error={form.error} />
    </>
  )
}
