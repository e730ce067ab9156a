import { render } from 'preact'
import './styles/tokens.css'
import './styles/base.css'
import './styles/parts.css'
import './styles/screens.css'
import { App } from './app'
import { Router } from './router'

const root = document.getElementById('app')
if (root) {
  render(
    <Router>
      <App />
    </Router>,
    root,
  )
}
