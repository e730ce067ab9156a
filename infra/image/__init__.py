"""The worker's image on this machine: built with Docker or buildah, weighed, and listed part by part."""
