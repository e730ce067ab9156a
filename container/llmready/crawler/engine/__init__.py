"""Run a crawl: take URLs from the frontier, visit each, apply what the visit found."""
