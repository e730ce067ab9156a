import { call, type Plan, type Quota } from '../api/client'
import { useAccount } from '../account'
import { count, date, plural } from '../parts/format'
import { Show, useLoad } from '../parts/load'
import { State, Title } from '../parts/states'
import { Table, type Column } from '../parts/Table'

interface Stats {
  total_websites: number
  active_websites: number
  total_generations: number
  successful_generations: number
  failed_generations: number
}

async function loadUsage(signal: AbortSignal) {
  const [quota, stats, plans] = await Promise.all([
    call<Quota>('/generations/quota/check', { signal }),
    call<Stats>('/websites/stats/user', { signal }),
    call<{ items: Plan[] }>('/plans', { signal, anonymous: true }),
  ])
  return { quota, stats, plans: plans.items }
}

/** Show the quota of the current month, what the plan contains, and the other plans. */
export default function Usage() {
  const { profile } = useAccount()
  const usage = useLoad(loadUsage, [])
  return (
    <div class="stack loose">
      <Title text="Usage" />
      <Show of={usage} lines={8}>
        {({ quota, stats, plans }) => (
          <>
            <section class="card stack" aria-labelledby="month-title">
              <h2 id="month-title">This month</h2>
              <progress class="progress" aria-label="Generations used this month" max={quota.generations_limit} value={quota.generations_used} />
              <div class="row between">
                <span>
                  {count(quota.generations_used)} of {plural(quota.generations_limit, 'generation')} used
                </span>
                <span class="muted">{quota.resets_at ? `Resets on ${date(quota.resets_at)}` : ''}</span>
              </div>
              <p class="muted">{quota.message}</p>
            </section>
            <section class="card" aria-label="All time">
              <dl class="facts">
                <Figure name="Websites" value={stats.total_websites} />
                <Figure name="Active websites" value={stats.active_websites} />
                <Figure name="Generations" value={stats.total_generations} />
                <Figure name="Completed" value={stats.successful_generations} />
                <Figure name="Failed" value={stats.failed_generations} />
              </dl>
            </section>
            <section class="card flush" aria-labelledby="plans-title">
              <div class="card-head">
                <h2 id="plans-title">Plans</h2>
              </div>
              <Table name="Plans" columns={planColumns(profile?.plan.name)} rows={plans} rowKey={(plan) => plan.name} />
              <p class="card-foot small muted">To change your plan, ask the operator of this service.</p>
            </section>
          </>
        )}
      </Show>
    </div>
  )
}

function planColumns(current: string | undefined): Column<Plan>[] {
  return [
    {
      label: 'Plan',
      cell: (plan) => (
        <>
          {plan.name} {plan.name === current ? <State kind="good">yours</State> : null}
        </>
      ),
    },
    { label: 'Generations a month', number: true, cell: (plan) => count(plan.generations_per_month) },
    { label: 'Websites', number: true, cell: (plan) => count(plan.websites) },
    { label: 'Pages', number: true, cell: (plan) => count(plan.pages_per_generation) },
    { label: 'Files kept', number: true, cell: (plan) => plural(plan.files_kept_days, 'day') },
    { label: 'Schedule, at most', cell: (plan) => plan.schedule },
  ]
}

function Figure({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{count(value)}</dd>
    </div>
  )
}
