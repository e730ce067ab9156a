"""Recommend which files of an archive to give to a language model."""

from pydantic import BaseModel

_MB = 1_000_000


class Recommendation(BaseModel):
    """The recommended files, and the reason."""

    type: str
    title: str
    description: str
    files: list[str]
    reason: str


def recommend(*, pages: int, content_bytes: int) -> Recommendation:
    """Recommend files for a site of ``pages`` pages whose whole Markdown takes ``content_bytes`` bytes."""
    size = f"{pages} page{'s' if pages != 1 else ''} and {content_bytes / _MB:.1f} MB of text"
    if pages <= 50 and content_bytes < 2 * _MB:
        return Recommendation(
            type="minimal",
            title="Use llms.txt",
            description="The index alone tells a model what the site contains and where.",
            files=["llms.txt"],
            reason=f"The site is small: {size}.",
        )
    if pages <= 500 and content_bytes < 10 * _MB:
        return Recommendation(
            type="standard",
            title="Use llms.txt and llms-full.txt",
            description="The index helps to find a page; the full text contains the answers.",
            files=["llms.txt", "llms-full.txt"],
            reason=f"The site is of medium size: {size}.",
        )
    return Recommendation(
        type="complete",
        title="Use llms.txt and the md folder",
        description="The index helps to find pages; then read only the relevant ones.",
        files=["llms.txt", "md/"],
        reason=f"The site is too large to read at once: {size}.",
    )
