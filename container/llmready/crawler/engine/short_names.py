"""Short names of long texts."""

from hashlib import blake2b


def short_name(text: str) -> str:
    """Return a name of 16 characters for a text, because a crawl stores thousands of names of URLs."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
