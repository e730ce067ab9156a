/** Instructions for publishing an archive, filled in with a site's values. */

export interface Snippet {
  name: string
  title: string
  intro: string
  /** Whether it begins with a download in the browser. */
  byHand?: boolean
  steps: { label: string; code: string }[]
}

/**
 * Return the instructions for each kind of host.
 *
 * @param url - start URL of the website
 * @param website - its ID
 * @param generation - ID of the generation to publish
 */
export function snippets(url: string, website: string, generation: string): Snippet[] {
  const { origin, host } = new URL(url)
  const bucket = host.replaceAll(':', '-')
  return [
    {
      name: 'upload',
      title: 'Upload by hand',
      byHand: true,
      intro: `Download the zip, unpack it, and copy its content to the root of ${host}, beside robots.txt. Then open both addresses in your browser.`,
      steps: [
        { label: 'These addresses show the files afterwards', code: `${origin}/llms.txt\n${origin}/llms-full.txt` },
        { label: 'The same in a shell', code: `llmready download ${generation} -o site.zip\nunzip site.zip -d site` },
      ],
    },
    {
      name: 'cloudfront',
      title: 'S3 and CloudFront',
      intro: 'Copy the files into the bucket behind the distribution and invalidate the old ones.',
      steps: [
        {
          label: 'Shell',
          code: `llmready sync ${website} site --layout web-root --wait\naws s3 sync site s3://${bucket}/ --exclude '*' --include '*.md' --content-type 'text/markdown; charset=utf-8'\naws s3 cp site/llms.txt s3://${bucket}/llms.txt --content-type 'text/plain; charset=utf-8'\naws s3 cp site/llms-full.txt s3://${bucket}/llms-full.txt --content-type 'text/plain; charset=utf-8'\naws cloudfront create-invalidation --distribution-id DISTRIBUTION_ID --paths '/llms.txt' '/llms-full.txt' '/*.md'`,
        },
      ],
    },
    {
      name: 'cloudflare',
      title: 'Cloudflare Pages',
      intro: 'Put the files into the folder that you deploy, and set their content types.',
      steps: [
        { label: 'Shell', code: `llmready sync ${website} public --layout web-root --wait` },
        { label: 'public/_headers', code: '/llms.txt\n  Content-Type: text/plain; charset=utf-8\n/*.md\n  Content-Type: text/markdown; charset=utf-8' },
      ],
    },
    {
      name: 'nginx',
      title: 'nginx',
      intro: 'Serve the synced folder beside your site.',
      steps: [
        {
          label: `In the server block of ${host}`,
          code: `location = /llms.txt      { root /var/www/llmready; default_type text/plain; charset utf-8; }\nlocation = /llms-full.txt { root /var/www/llmready; default_type text/plain; charset utf-8; }\nlocation ~ \\.md$          { root /var/www/llmready; default_type text/markdown; charset utf-8; charset_types text/markdown; }`,
        },
        { label: 'Shell, from cron', code: `llmready sync ${website} /var/www/llmready --layout web-root --wait` },
      ],
    },
    {
      name: 'netlify',
      title: 'Netlify',
      intro: 'Sync the files into the published folder before the build ends. LLMREADY_PACKAGE is the path or URL of the llmready wheel.',
      steps: [
        {
          label: 'netlify.toml',
          code: `[build]\n  command = "YOUR BUILD && pip install LLMREADY_PACKAGE && llmready sync ${website} dist --layout web-root"\n  publish = "dist"\n\n[[headers]]\n  for = "/*.md"\n  [headers.values]\n    Content-Type = "text/markdown; charset=utf-8"`,
        },
      ],
    },
    {
      name: 'vercel',
      title: 'Vercel',
      intro: 'Sync the files into the public folder and set the content type.',
      steps: [
        { label: 'Shell', code: `llmready sync ${website} public --layout web-root --wait` },
        {
          label: 'vercel.json',
          code: JSON.stringify({ headers: [{ source: '/(.*)\\.md', headers: [{ key: 'Content-Type', value: 'text/markdown; charset=utf-8' }] }] }, null, 2),
        },
      ],
    },
    {
      name: 'wordpress',
      title: 'WordPress',
      intro: 'Upload the files to the folder that holds wp-config.php; the web server then serves them before WordPress answers.',
      steps: [
        { label: 'Over SFTP', code: `sftp USER@${host}\nput -r site/llms.txt site/llms-full.txt site/md .` },
        { label: '.htaccess, above the WordPress rules', code: "AddType 'text/markdown; charset=utf-8' .md\nAddDefaultCharset utf-8" },
      ],
    },
    {
      name: 'github',
      title: 'GitHub workflow',
      intro: 'A scheduled workflow that opens a pull request when files changed. Store an API key as the secret LLMREADY_API_KEY. LLMREADY_PACKAGE is the path or URL of the llmready wheel.',
      steps: [
        {
          label: '.github/workflows/llmready.yml',
          code: `name: Update llms.txt\non:\n  schedule:\n    - cron: '17 4 * * 1'\n  workflow_dispatch:\npermissions:\n  contents: write\n  pull-requests: write\njobs:\n  sync:\n    runs-on: ubuntu-24.04\n    env:\n      LLMREADY_API: ${location.origin}/api/v1\n      LLMREADY_API_KEY: \${{ secrets.LLMREADY_API_KEY }}\n      GH_TOKEN: \${{ github.token }}\n    steps:\n      - uses: actions/checkout@v4\n      - run: pip install LLMREADY_PACKAGE\n      - run: |\n          code=0\n          llmready sync ${website} public --layout web-root --wait || code=$?\n          if [ "$code" = 10 ]; then\n            git switch -C llmready\n            git add public\n            git -c user.name=llmready -c user.email=llmready@users.noreply.github.com commit -m 'Update llms.txt'\n            git push --force origin llmready\n            gh pr create --fill --head llmready || true\n          elif [ "$code" != 0 ]; then exit "$code"; fi`,
        },
      ],
    },
    {
      name: 'robots',
      title: 'robots.txt',
      intro: 'Say what your content may be used for. Content-Signal is a declaration; crawlers decide whether they follow it.',
      steps: [{ label: `${origin}/robots.txt`, code: 'User-agent: *\nContent-Signal: search=yes, ai-input=yes, ai-train=no\nAllow: /' }],
    },
  ]
}
