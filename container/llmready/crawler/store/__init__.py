"""Store the pages of a running crawl on disk, each page once."""
