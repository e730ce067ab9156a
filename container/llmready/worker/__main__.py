import sys

from llmready.worker.main import main

sys.exit(main())
