"""Texts cut into tokens, each way with a name, a version and, for jieba, the hash of its dictionary.

======== =================================================================================================
name     tokens
======== =================================================================================================
13a      mteval-v13a, as WMT and sacrebleu cut English for BLEU (case and punctuation kept)
none     what white space separates, as it stands
intl     punctuation and symbols of any script split off, but not within numbers: mteval-v14, sacrebleu's ``intl``
zh       every Chinese character, and ``13a`` for what is between them: sacrebleu's ``zh``
word     runs of letters and digits of any script, lower case; ROUGE's own tokens where the text is ASCII
jieba    jieba's words (with its HMM) in runs of Han characters, ``word`` for what is between them
char     every character but white space, as it stands
unit     Han characters one by one and other runs of letters and digits whole, width and case folded
======== =================================================================================================
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any

import jieba
import regex

from sftlab.text.language import HAN, Language, detect
from sftlab.text.normalisation import fold_width

_13A_STEPS = (
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
)
# The Unicode of ``regex``, as in sacrebleu: Python's own is older and knows fewer symbols.
_INTL_STEPS = (
    (regex.compile(r"(\P{N})(\p{P})"), r"\1 \2 "),
    (regex.compile(r"(\p{P})(\P{N})"), r" \1 \2"),
    (regex.compile(r"(\p{S})"), r" \1 "),
)
_13A_DASH = re.compile(r"(?<=[0-9])-")
_13A_MARKS = r"{|}~\[\\\]^_`!\"#$%&()*+:;<=>?@/"
_TOUCHING = re.compile(r"[.,][.,]")
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

# What sacrebleu's comparison of strings lets through, its two five-digit ranges included: as written there they are
# "\\u2000" + "0" and so on, and so cover U+2001 to U+2A6D and U+2F81 to U+2FA1.
_SACREBLEU_CHINESE = (
    "\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\u2001-\u2a6d\u2f81-\u2fa1\uff00-\uffef"
    "\u2e80-\u2eff\u3000-\u303f\u31c0-\u31ef\u2f00-\u2fdf\u2ff0-\u2fff\u3100-\u312f\u31a0-\u31bf\ufe10-\ufe1f"
    "\ufe30-\ufe4f\u2600-\u26ff\u2700-\u27bf\u3200-\u32ff\u3300-\u33ff"
)

_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(rf"(?P<han>[{HAN}]+)|[^\W_{HAN}]+")
_UNIT = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


class _Cut13a:
    """13a with some characters always apart: by its own steps, or in one pass, which finds the same tokens unless
    points or commas touch."""

    def __init__(self, apart: str) -> None:
        self._apart = re.compile(f"([{apart}])")
        self._tokens = re.compile(rf"(?:[^\s.,\-{apart}]+|(?<![^0-9])[.,](?![^0-9])|(?<![0-9])-)+|(?=\S)[.,\-{apart}]")

    def __call__(self, text: str) -> list[str]:
        if not _TOUCHING.search(text):
            return list(self._tokens.findall(text))
        text = self._apart.sub(r" \1 ", text)
        for step, replacement in _13A_STEPS:
            text = step.sub(replacement, text)
        return _13A_DASH.sub(" - ", text).split()


_cut_13a = _Cut13a(_13A_MARKS)
_cut_zh = _Cut13a(_13A_MARKS + _SACREBLEU_CHINESE)


def tokens_13a(text: str) -> list[str]:
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    return _cut_13a(f" {text} ")


def tokens_zh(text: str) -> list[str]:
    return _cut_zh(text.strip())


def tokens_intl(text: str) -> list[str]:
    text = text.rstrip()
    for step, replacement in _INTL_STEPS:
        text = step.sub(replacement, text)
    return text.split()


def words(text: str) -> list[str]:
    return _WORD.findall(fold_width(text).lower())


def units(text: str) -> list[str]:
    return _UNIT.findall(fold_width(text).lower())


def characters(text: str) -> list[str]:
    return list("".join(text.split()))


def jieba_words(text: str, *, hmm: bool = True) -> list[str]:
    found: list[str] = []
    for run in _RUN.finditer(fold_width(text).lower()):
        if run.lastgroup == "han":
            found.extend(_jieba().cut(run.group(), HMM=hmm))
        else:
            found.append(run.group())
    return found


@cache
def _jieba() -> Any:
    """jieba's dictionary, read once a process and straight from the package.

    jieba itself would leave a marshalled copy in the shared temporary folder and trust whatever lies there.
    """
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


@cache
def jieba_dictionary_sha256() -> str:
    return hashlib.sha256((Path(jieba.__file__).parent / "dict.txt").read_bytes()).hexdigest()


def _jieba_version() -> str:
    return f"{metadata.version('jieba')}+dict.{jieba_dictionary_sha256()[:8]}"


@dataclass(frozen=True)
class Segmenter:
    name: str
    cut: Callable[[str], list[str]]
    version: Callable[[], str]

    def __call__(self, text: str) -> list[str]:
        return self.cut(text)

    @property
    def signature(self) -> str:
        """Name and version: equal signatures give equal tokens."""
        return f"{self.name}-{self.version()}"


def _own(name: str, cut: Callable[[str], list[str]]) -> Segmenter:
    return Segmenter(name, cut, lambda: "v1")


SEGMENTERS: dict[str, Segmenter] = {
    "13a": _own("13a", tokens_13a),
    "zh": _own("zh", tokens_zh),
    "none": _own("none", str.split),
    "intl": Segmenter("intl", tokens_intl, lambda: f"v2+regex.{metadata.version('regex')}"),
    "word": _own("word", words),
    "char": _own("char", characters),
    "unit": _own("unit", units),
    "jieba": Segmenter("jieba", jieba_words, lambda: f"{_jieba_version()}+hmm"),
    "jieba-nohmm": Segmenter("jieba-nohmm", partial(jieba_words, hmm=False), _jieba_version),
}


def word_segmenter(language: Language | str) -> Segmenter:
    """jieba where Chinese may occur, ``word`` elsewhere."""
    return SEGMENTERS["jieba" if language in ("zh", "mixed") else "word"]


def segment(text: str, language: Language | str | None = None) -> list[str]:
    """The words of a text; without a language, the text's own scripts decide."""
    return word_segmenter(language or detect(text))(text)
