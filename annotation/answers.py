"""What a person may answer: the body of a submit, validated into one shape. Pure."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from annotation.dimensions import FLAGS, SCALE
from annotation.rows import LONGEST_TEXT, MOST_TURNS, Message
from sftlab import jsonb
from sftlab.errors import BadInput, FieldError

LONGEST_LEAD = 24 * 3600.0
KNOWN = {"output", "messages", "ratings", "flags", "lead_time", "guideline"}


@dataclass(frozen=True)
class Answer:
    output: str = ""
    messages: list[Message] | None = None
    ratings: dict[str, int] | None = None
    flags: list[str] = field(default_factory=list)
    lead_time: float = 0.0
    guideline: int | None = None

    def content(self) -> dict[str, Any]:
        """What counts as the answer: a repeat with another lead time is still the same."""
        return {"output": self.output, "messages": self.messages, "ratings": self.ratings, "flags": self.flags}


def parse(body: Any, *, kind: str, dimensions: list[str], guidelines: int) -> Answer:
    """Raises BadInput naming all faults. `guidelines` is the number of the latest version, 0 for none."""
    if not isinstance(body, dict):
        raise BadInput(_("The body must be an object."))
    faults: list[FieldError] = []
    reader = _Reader(body, faults)
    answer = Answer(
        output=reader.output(),
        messages=reader.messages(),
        ratings=reader.ratings(dimensions) if kind == "rate" else None,
        flags=reader.flags(),
        lead_time=reader.lead_time(),
        guideline=reader.guideline(guidelines),
    )
    reader.known_only(kind)
    if kind == "write" and not faults and not answer.output.strip() and answer.messages is None:
        faults.append({"field": "output", "reason": _("is empty")})
    if faults:
        raise BadInput(_("The answer has faults."), errors=faults)
    if answer.messages is not None and not answer.output:
        return Answer(**{**answer.__dict__, "output": answer.messages[-1]["content"]})
    return answer


class _Reader:
    def __init__(self, body: dict[str, Any], faults: list[FieldError]) -> None:
        self.body, self.faults = body, faults

    def fault(self, field: str, reason: str) -> None:
        self.faults.append({"field": field, "reason": reason})

    def known_only(self, kind: str) -> None:
        for name in sorted(map(str, set(self.body) - KNOWN)):
            self.fault(name, _("is not known"))
        for name in ("ratings",) if kind == "write" else ("output", "messages"):
            if self.body.get(name):
                self.fault(name, _("does not belong to this kind of project"))

    def text(self, value: Any, field: str) -> str:
        if not isinstance(value, str):
            self.fault(field, _("must be text"))
        elif len(value) > LONGEST_TEXT:
            self.fault(field, _("is longer than %(n)d characters") % {"n": LONGEST_TEXT})
        elif reason := jsonb.fault(value):
            self.fault(field, reason)
        else:
            return value
        return ""

    def output(self) -> str:
        value = self.body.get("output")
        return "" if value is None else self.text(value, "output")

    def messages(self) -> list[Message] | None:
        """The turns that this answer adds: assistant and user by turns, an assistant's first and last."""
        turns = self.body.get("messages")
        if turns is None:
            return None
        if not isinstance(turns, list) or not turns or len(turns) > MOST_TURNS:
            self.fault("messages", _("must be a list of turns"))
            return None
        made = [self.turn(turn, number) for number, turn in enumerate(turns)]
        if len(made) % 2 == 0:
            self.fault("messages", _("must end with the assistant's turn"))
        return made

    def turn(self, turn: Any, number: int) -> Message:
        field, role = f"messages[{number}]", ("assistant", "user")[number % 2]
        if not isinstance(turn, dict) or set(turn) != {"role", "content"}:
            self.fault(field, _("must have role and content"))
            return {"role": role, "content": ""}
        if turn["role"] != role:
            self.fault(f"{field}.role", _("assistant and user must take turns, the assistant first"))
        content = self.text(turn["content"], f"{field}.content")
        if not content.strip():
            self.fault(f"{field}.content", _("is empty"))
        return {"role": role, "content": content}

    def ratings(self, dimensions: list[str]) -> dict[str, int] | None:
        given = self.body.get("ratings")
        if not isinstance(given, dict):
            self.fault("ratings", _("must give every dimension a whole number from 1 to 5"))
            return None
        for name in dimensions:
            value = given.get(name)
            if isinstance(value, bool) or not isinstance(value, int) or value not in SCALE:
                self.fault(f"ratings.{name}", _("must be a whole number from 1 to 5"))
        for name in sorted(set(given) - set(dimensions)):
            self.fault("ratings", _("%(name)r is not a dimension of this project") % {"name": name[:40]})
        return given

    def flags(self) -> list[str]:
        given = self.body.get("flags")
        if given is None:
            return []
        if not isinstance(given, list) or not all(isinstance(flag, str) and flag in FLAGS for flag in given):
            self.fault("flags", _("must be a list of %(names)s") % {"names": ", ".join(FLAGS)})
            return []
        return sorted(set(given))

    def lead_time(self) -> float:
        value = self.body.get("lead_time", 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_LEAD:
            self.fault("lead_time", _("must be seconds, from 0 to a day"))
            return 0.0
        return float(value)

    def guideline(self, latest: int) -> int | None:
        value = self.body.get("guideline")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= latest:
            self.fault("guideline", _("must be the number of a version"))
            return None
        return value
