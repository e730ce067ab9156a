"""Build the worker's images on this machine with Docker or buildah, check their sizes, and list their packages."""
