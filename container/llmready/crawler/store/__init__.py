"""Keep the pages of a running crawl on disk, each once."""
