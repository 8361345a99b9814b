"""Answers that say who wrote them: found, put in neutral words, or held back. Pure.

A mask would itself tell, so a name in a sentence about the speaker is replaced by words that any model could have
used; where no such words fit, the answer is held back from the study and counted in its report.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.known_names import AMBIGUOUS, MAKERS, MODELS

_SPEAKER = re.compile(
    r"\b(?:I am|I['’]m|I was|my name|call me|as an? (?:AI|artificial|large|language)|as a (?:chat ?bot|virtual))\b"
    r"|\b(?:this|the) (?:answer|response|text|reply) (?:was|is) (?:generated|written|produced)"
    r"|我是|我叫|我的名字|我由|作为一[个款]|本(?:模型|助手|回答|答案)|我们?的?(?:开发|训练)",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"\bAI\b|\b(?:language|chat) ?(?:model|bot)|\bassistant\b|\bartificial intelligence|\btrained by"
    r"|模型|助手|人工智能|机器人|[训研][练发]",
    re.IGNORECASE,
)
_SELF_AS = re.compile(r"\b[Aa]s (?=[A-Z])|作为(?=[A-Z一-鿿])")
_MADE_BY = re.compile(
    r"\b(?P<verb>trained|developed|created|built|made|designed|provided) by "
    r"(?P<maker>(?!a |an |the |my |our |people|humans)[A-Z][\w&-]*(?:[ .][A-Z][\w&-]*)*)"
)
_MADE_BY_ZH = re.compile(
    r"由(?P<maker>[^，。,.；;\s我]{1,20}?)(?P<verb>自主)?(?=(?:独立|自主)?(?:开发|研发|训练|创建|推出|打造|提供))"
)
_NAMED = re.compile(
    r"(?P<before>\b(?:AI|language|chat|virtual|large language)[ -]?(?:assistant|model|bot),? "
    r"(?:called|named|known as) )"
    r"(?P<name>[\"“]?[A-Z][\w.-]*(?: [A-Z0-9][\w.-]*)*[\"”]?)"
)
_NAMED_ZH = re.compile(
    r"(?P<before>(?:助手|模型|机器人)[，,]?(?:名叫|叫做|名为|叫))(?P<name>[\"“「]?[^，。,.；;！!\s]{1,12}[\"”」]?)"
)
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:\.(?=\w)[^.!?。！？\n]*)*[.!?。！？\n]*")
_VERSION = r"(?:[-– ]?(?:[rv]?\d\w*(?:[.-]\w+)*|turbo|chat|instruct|pro|plus|max|mini|flash|opus|sonnet|haiku))*"
_GENERIC = re.compile(
    r"^(?:base|tuned|model|system|baseline|test|run|lora|sft|v?\d+|[\W\d_]+|[a-z]{1,3})$", re.IGNORECASE
)
_IDENTIFIER = re.compile(r"(?=.*[A-Za-z])(?:.*\d|.*[a-z][A-Z]|.*\w[-_]\w)")
_CJK = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True)
class Screened:
    """`text` may be shown unless `held` names what could not be put neutrally; `replaced` lists what was."""

    text: str
    replaced: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


def screen(text: str, *, prompt: str, systems: Sequence[str]) -> Screened:
    """`systems` are the names of this study's systems and what they are made from. A name that the prompt itself
    brought up tells nothing, except where the speaker takes it for their own."""
    own = _pattern([name for given in systems for name in distinctive(given)])
    replaced: list[str] = []
    parts = [
        _neutral(sentence, own, replaced) if _speaks_of_itself(sentence, own) else sentence for sentence in _split(text)
    ]
    neutral = "".join(parts)
    held = {match.group(0) for match in own.finditer(neutral)} if own else set()
    return Screened(neutral, tuple(replaced), tuple(sorted(name for name in held if not _mentions(prompt, name))))


def distinctive(name: str) -> list[str]:
    """What in a system's name would tell: the whole, and the parts that are no words any text may contain."""
    parts = {part for part in re.split(r"[\s/:()（）]+", name) if len(part) > 3 and _IDENTIFIER.search(part)}
    families = {match.group(0) for match in _KNOWN_MODELS.finditer(name)} - set(AMBIGUOUS)
    found = {name.strip()} | parts | families
    return sorted((part for part in found if len(part) > 1 and not _GENERIC.match(part)), key=len, reverse=True)


def names_in(text: str, systems: Sequence[str]) -> list[str]:
    """Which systems' names a text holds: for what raters are shown about a study."""
    own = _pattern([name for given in systems for name in distinctive(given)])
    return sorted({match.group(0) for match in own.finditer(text)}) if own else []


def _pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    if not names:
        return None
    longest_first = sorted(set(names), key=lambda name: (-len(name), name))
    return re.compile("|".join(_word(name) for name in longest_first), re.IGNORECASE)


def _word(name: str) -> str:
    """ASCII names stand alone (but may touch Chinese); Chinese ones have no word boundary."""
    if not name.isascii():
        return re.escape(name)
    return rf"(?<![A-Za-z0-9]){re.escape(name).replace(chr(92) + ' ', '[ -]?')}(?![A-Za-z])"


def _names(names: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(_word(name) for name in longest_first)}){_VERSION}", re.IGNORECASE)


_KNOWN_MODELS = _names(MODELS)
_KNOWN_MAKERS = _names(MAKERS)
_SURE_MODELS = _names([name for name in MODELS if name not in AMBIGUOUS])
_SURE_MAKERS = _names([name for name in MAKERS if name not in AMBIGUOUS])


def _split(text: str) -> Iterator[str]:
    at = 0
    for match in _SENTENCE.finditer(text):
        yield text[at : match.start()]
        yield match.group(0)
        at = match.end()
    yield text[at:]


def _speaks_of_itself(sentence: str, own: re.Pattern[str] | None) -> bool:
    if _SPEAKER.search(sentence):
        return True
    return any(
        _SURE_MODELS.match(sentence, match.end()) or (own is not None and own.match(sentence, match.end()))
        for match in _SELF_AS.finditer(sentence)
    )


def _neutral(sentence: str, own: re.Pattern[str] | None, replaced: list[str]) -> str:
    chinese = bool(_CJK.search(sentence))

    def put(words: str, match: re.Match[str], group: str | int = 0) -> str:
        replaced.append(match.group(group))
        return words

    about_a_machine = bool(_MACHINE.search(sentence))
    if about_a_machine:
        sentence = _MADE_BY.sub(lambda m: put(f"{m['verb']} by a research team", m, "maker"), sentence)
        sentence = _MADE_BY_ZH.sub(lambda m: put("由研发团队", m, "maker"), sentence)
    sentence = _NAMED.sub(lambda m: put(f"{m['before']}Assistant", m, "name"), sentence)
    sentence = _NAMED_ZH.sub(lambda m: put(f"{m['before']}小助手", m, "name"), sentence)
    makers, models = (_KNOWN_MAKERS, _KNOWN_MODELS) if about_a_machine else (_SURE_MAKERS, _SURE_MODELS)
    sentence = makers.sub(lambda m: put("研发团队" if chinese else "a research team", m), sentence)
    sentence = models.sub(lambda m: put(_assistant(sentence, m, chinese), m), sentence)
    if own:
        sentence = own.sub(lambda m: put(_assistant(sentence, m, chinese), m), sentence)
    return sentence


def _assistant(sentence: str, match: re.Match[str], chinese: bool) -> str:
    if chinese:
        return "AI助手"
    before = sentence[: match.start()].rstrip().lower()
    return "AI assistant" if before.endswith((" a", " an", " the")) else "an AI assistant"


def _mentions(prompt: str, name: str) -> bool:
    return name.lower() in prompt.lower()
