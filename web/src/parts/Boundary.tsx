import { Component, type ComponentChildren } from 'preact'
import { Notice } from './states'

/** Show a way on when a screen fails, instead of an empty page. */
export class Boundary extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false }

  override componentDidCatch(error: unknown): void {
    console.error(error)
    this.setState({ failed: true })
  }

  override render() {
    if (!this.state.failed) return this.props.children
    return (
      <Notice
        kind="bad"
        action={
          <button type="button" class="button small" onClick={() => location.reload()}>
            Reload
          </button>
        }
      >
        This screen could not be shown. Check your connection and reload the page.
      </Notice>
    )
  }
}
