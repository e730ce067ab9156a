"""Extract the main text of pages with trafilatura for bench.labelled: lines of {id, url, html} in, one line of texts
out."""

import json
import sys
import time

import trafilatura

pages = [json.loads(line) for line in sys.stdin]
began = time.perf_counter()
texts = {
    page["id"]: trafilatura.extract(page["html"], url=page["url"], include_tables=True, include_comments=True)
    or ""
    for page in pages
}
print(json.dumps({"name": "trafilatura", "seconds": time.perf_counter() - began, "texts": texts}))
