import gc
import sys

# What is loaded now stays until the end: looking for garbage in it only takes time. A crawl turns it on again.
gc.disable()

from llmready.crawler.cli import main  # noqa: E402

sys.exit(main())
