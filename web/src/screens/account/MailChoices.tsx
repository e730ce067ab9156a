import { call } from '../../api/client'
import { useAccount } from '../../account'
import { Check, FormError, useSubmission } from '../../parts/form'

export function MailChoices() {
  const { profile, refresh } = useAccount()
  const form = useSubmission()
  if (!profile) return null
  const choose = (name: "generations" | "quota_reset") => (checked: boolean) =>
    void form.run(async () => {
      await call('/auth/me', { method: 'PATCH', body: { mail_preferences: { [name]: checked } } })
      await refresh()
    })
  return (
    <section class="card stack" aria-labelledby="mails-title">
      <h2 id="mails-title">Mails</h2>
      <Check label="When a generation completes or fails" name="generations" checked={profile.mail_preferences.generations} onChecked={choose('generations')} />
      <Check label="When the monthly quota resets" name="quota_reset" checked={profile.mail_preferences.quota_reset} onChecked={choose("quota_reset")} />
      <p class="small muted">Mails about your account, such as a changed password, are always sent.</p>
      <FormError error={form.error} />
    </section>
  )
}
