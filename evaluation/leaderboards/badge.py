"""A badge as SVG: what it is about on the left, the figure on the right. Pure."""

import unicodedata
from xml.sax.saxutils import escape, quoteattr

HEIGHT = 20
PADDING = 7
NARROW, WIDE = 6.6, 12.0


def badge(label: str, value: str, *, good: bool) -> str:
    left, right = (_width(text) + 2 * PADDING for text in (label, value))
    total, colour = left + right, "#146c43" if good else "#566072"
    title, label, value = f"{label}: {value}", escape(label), escape(value)
    size = f'width="{total:.0f}" height="{HEIGHT}"'
    text = 'fill="#fff" font-family="Verdana,DejaVu Sans,Noto Sans CJK SC,sans-serif" font-size="11"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(title)}>'
        f"<title>{escape(title)}</title>"
        f'<rect {size} rx="4" fill="#333a45"/>'
        f'<path d="M{left:.0f} 0h{right - 4:.0f}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4h-{right - 4:.0f}z" fill="{colour}"/>'
        f'<g {text} text-anchor="middle">'
        f'<text x="{left / 2:.1f}" y="14">{label}</text>'
        f'<text x="{left + right / 2:.1f}" y="14">{value}</text></g></svg>'
    )


def _width(text: str) -> float:
    return sum(WIDE if unicodedata.east_asian_width(char) in "WF" else NARROW for char in text)
