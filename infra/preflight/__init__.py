"""Checks before a deploy: report in one sentence what would make it fail, before anything is created."""
