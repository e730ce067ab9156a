"""Before a deploy: what would make it fail halfway, told in one sentence before anything is created."""
