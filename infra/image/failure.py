"""What stops the image from being built, told in one sentence."""


class ImageError(Exception):
    """The image cannot be built; the message is a sentence for the person who wanted it."""
