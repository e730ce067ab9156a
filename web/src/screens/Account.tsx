import { useAccount } from '../account'
import { Show } from '../parts/load'
import { Title } from '../parts/states'
import { Tabs } from '../parts/Tabs'
import { match, usePlace } from '../router'
import { Keys } from './account/Keys'
import { MailChoices } from './account/MailChoices'
import { Password } from './account/Password'
import { ProfileForm } from './account/ProfileForm'
import { Removal } from './account/Removal'
import { SignIns } from './account/SignIns'
import { Webhooks } from './account/Webhooks'

const TABS = [
  { name: 'profile', label: 'Profile' },
  { name: 'password', label: 'Password' },
  { name: 'sign-ins', label: 'Sign-ins' },
  { name: 'mails', label: 'Mails' },
  { name: 'keys', label: 'API keys' },
  { name: 'webhooks', label: 'Webhooks' },
  { name: 'data', label: 'Data and deletion' },
]

export default function AccountScreen() {
  const { path } = usePlace()
  const { profile, error, refresh } = useAccount()
  const tab = match('/account/:tab?', path)?.['tab'] ?? 'profile'
  return (
    <div class="stack loose">
      <Title text="Account" />
      <div class="two-columns">
        <Tabs kind="side" label="Account" tabs={TABS} current={tab} href={(name) => (name === 'profile' ? '/account' : `/account/${name}`)} />
        <div class="stack">
          <Show of={{ data: profile, error: profile ? undefined : error, reload: () => void refresh(), set: () => undefined }} lines={6}>
            {() => <Tab name={tab} />}
          </Show>
        </div>
      </div>
    </div>
  )
}

function Tab({ name }: { name: string }) {
  switch (name) {
    case 'password':
      return <Password />
    case 'sign-ins':
      return <SignIns />
    case 'mails':
      return <MailChoices />
    case 'keys':
      return <Keys />
    case 'webhooks':
      return <Webhooks />
    case 'data':
      return <Removal />
    default:
      return <ProfileForm />
  }
}
