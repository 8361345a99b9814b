"""What templates share: icons, numbers that carry their interval, safe Markdown, word diffs."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

import nh3
from django import template
from django.templatetags.static import static
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

register = template.Library()
_WORDS = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)  # every character is kept, so the parts join to the whole
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
_TAGS = {
    *("p", "br", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a"),
}


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("web/icons.svg"), name
    )


@register.filter
def markdown(text: str | None) -> SafeString:
    """Markdown from people, without raw HTML, images or anything that loads from elsewhere."""
    html = _markdown.render(text or "")
    return mark_safe(nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}))  # noqa: S308


@register.filter
def number(value: float | Literal[""] | None, decimals: int = 2) -> str:
    if value is None or value == "":  # a template gives "" for what is not there
        return "–"
    return number_format(round(value, decimals), decimals, force_grouping=abs(value) >= 10_000)


@register.filter
def percent(value: float | None, decimals: int = 0) -> str:
    return "–" if value is None else f"{number_format(round(100 * value, decimals), decimals)}%"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]` where the key is itself a variable."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@dataclass(frozen=True)
class _Bar:
    low: float
    high: float
    point: float


@register.inclusion_tag("web/components/interval.html")
def interval(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    smallest: float = 0.0,
    largest: float = 1.0,
    decimals: int = 2,
    how: str = "",
) -> dict[str, Any]:
    """A number with its interval drawn on [smallest, largest]; `how` says how it was made."""
    bar = None
    if None not in (value, low, high) and largest > smallest:
        x = [
            max(0.0, min(96.0, 96 * (v - smallest) / (largest - smallest))) for v in (low, high, value) if v is not None
        ]
        bar = _Bar(*(round(v, 1) for v in x))
    return {"value": value, "low": low, "high": high, "bar": bar, "decimals": decimals, "how": how}


_TONES = {
    "good": {"done", "finished", "accepted", "passed", "active", "published", "open", "ok", "frozen", "pass"},
    "bad": {"failed", "rejected", "error", "lost", "fail"},
    "warn": {"paused", "cancelled", "stopped", "cancelling", "returned", "undetermined", "withdrawn"},
    "busy": {"running", "queued", "training", "generating", "scoring", "starting"},
}


@register.simple_tag
def status(value: str, label: str = "") -> SafeString:
    """A state as a word with a tone."""
    tone = next((tone for tone, names in _TONES.items() if str(value) in names), "")
    return format_html('<span class="pill {}">{}</span>', tone, label or value)


@register.simple_tag
def scripted() -> SafeString:
    """Marks what a script of the demo made, so that nobody takes it for human judgement."""
    return format_html(
        '<span class="pill scripted" title="{}">{}</span>',
        _("Made by a script of the demo, not by a person"),
        _("scripted"),
    )


@register.simple_tag
def worddiff(before: str, after: str) -> SafeString:
    """What changed, word by word (Chinese character by character)."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    parts: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("span", "".join(old[a:b])))
            continue
        parts += [(tag, text) for tag, text in (("del", "".join(old[a:b])), ("ins", "".join(new[c:d]))) if text]
    return format_html_join("", "<{0}>{1}</{0}>", parts)


@register.inclusion_tag("web/components/pages.html", takes_context=True)
def pages(context: dict[str, Any], page: Any) -> dict[str, Any]:
    """Earlier and later pages of a list, keeping the filters in the address."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    return {"page": page, "query": query.urlencode()}
