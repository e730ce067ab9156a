import { Empty, Title } from '../parts/states'

export function NotFound() {
  return (
    <div class="card">
      <Title text="Page not found" />
      <Empty title="There is no page at this address" action={<a class="button primary" href="/">Go to the start page</a>}>
        Check the address, or go to the start page.
      </Empty>
    </div>
  )
}
