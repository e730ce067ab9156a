// What eslint finds in every JavaScript file of the repository; `make check` runs it from the repository's root.
import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import typescript from 'typescript-eslint'

export default [
  { ignores: ['**/node_modules/', '.venv/', '.build/', '.local/', 'cdk.out/', 'web/dist/', 'web/src/api/schema.d.ts'] },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    ignores: ['container/llmready/**', 'web/src/**'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['container/llmready/crawler/browser/**'],
    languageOptions: { globals: globals.browser, sourceType: 'script' },
  },
  ...typescript.configs.recommended.map((config) => ({ ...config, files: ['web/**/*.{ts,tsx}'] })),
  {
    files: ['web/**/*.{ts,tsx}'],
    languageOptions: { globals: globals.browser },
    plugins: { 'react-hooks': hooks },
    rules: { 'react-hooks/rules-of-hooks': 'error' },
  },
]
