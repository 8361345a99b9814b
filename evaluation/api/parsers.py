import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class JsonLinesParser(BaseParser):
    """One JSON value a line; blank lines are nothing. A broken line is named by its number."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        rows = []
        for number, line in enumerate(stream.read().split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                message = _("Line %(number)s is not JSON: %(error)s") % {"number": number, "error": error}
                raise ParseError(message) from error
        return rows


class JsonlParser(JsonLinesParser):
    media_type = "application/jsonl"
