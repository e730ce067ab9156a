// Links between the documents: every file and every heading that one of them names has to be there.
import remarkValidateLinks from 'remark-validate-links'

export default { plugins: [[remarkValidateLinks, { repository: false }]] }
