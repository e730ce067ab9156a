"""Add inline styles, because many mail programs ignore a mail's style sheet but support style attributes.

Only a few exact tags are replaced: the templates use no others, and text of users is escaped.
"""

from markupsafe import Markup

_LINK = "color:#0b5cad"
_SMALL = "margin:0 0 12px;font-size:14px;line-height:20px;color:#51606f"
_STYLES = {
    "<h1>": '<h1 style="margin:0 0 16px;font-size:22px;line-height:28px;font-weight:700">',
    "<p>": '<p style="margin:0 0 16px">',
    '<p class="small">': f'<p class="small" style="{_SMALL}">',
    '<a class="button" ': (
        '<a class="button" style="display:inline-block;padding:12px 22px;border-radius:6px;background:#0b5cad;'
        'color:#ffffff;text-decoration:none;font-weight:600" '
    ),
    "<a href=": f'<a style="{_LINK}" href=',
    "<code>": '<code style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px">',
    '<table class="facts">': (
        '<table class="facts" role="presentation" cellpadding="0" cellspacing="0" border="0" '
        'style="margin:0 0 20px;border-collapse:collapse">'
    ),
    "<th>": (
        '<th align="left" valign="top" class="label" '
        'style="padding:2px 20px 2px 0;font-weight:400;white-space:nowrap;color:#51606f">'
    ),
    "<td>": '<td valign="top" style="padding:2px 0">',
}


def with_inline_styles(html: str) -> Markup:
    """Return the content of a mail with inline styles."""
    styled = str(html)
    for tag, with_style in _STYLES.items():
        styled = styled.replace(tag, with_style)
    return Markup(styled)  # noqa: S704 - what users wrote was escaped when the content was rendered


def as_size(count: int) -> str:
    """Return a number of bytes as text with a unit."""
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{max(count, 100) / 1000:.1f} kB"
