import { call, type Generation } from '../../api/client'
import { FormError, useSubmission } from '../../parts/form'

/** Download the zip of a completed generation. */
export function Download({ run, label = 'Download' }: { run: Generation; label?: string }) {
  const form = useSubmission()
  const download = () =>
    form.run(async () => {
      const { download_url } = await call<{ download_url: string }>(`/generations/${run.id}/download?redirect=false`)
      location.assign(download_url)
    })
  return (
    <>
      <button type="button" class="button primary" aria-disabled={form.busy} onClick={download}>
        {label}
      </button>
      <FormError error={form.error} />
    </>
  )
}
