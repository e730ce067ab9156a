"""Run the crawler as a separate program, without access to AWS or credentials."""

import sys

from llmready.crawler import startup

startup.pause_collector()

from llmready.crawler.cli import main  # noqa: E402 - the collector is off before the other modules load

sys.exit(main())
