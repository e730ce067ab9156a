"""Run a crawl: take URLs from the frontier, visit each, and apply the outcome."""
