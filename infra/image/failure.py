"""Error of an image build, as one sentence."""


class ImageError(Exception):
    """The image cannot be built. The message is a sentence for the person who started the build."""
