"""A file's way into a project: checked whole, then written whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from annotation import rows
from annotation.checks import Checker
from annotation.models import ImportJob, Project
from annotation.rows import Row, RowFault
from annotation.services.importing import Imported, checked, store
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, Missing, TooLarge

MOST_ERRORS = MOST_WARNINGS = 100
NEAR_ROWS = 20_000
"""Near duplicates are looked for among the first so many rows of a file: their index lies in memory."""
CHUNK = 5_000
MEBIBYTE = 1024 * 1024
LARGEST = {".jsonl": 4096 * MEBIBYTE, ".json": 256 * MEBIBYTE}
"""Bytes of a file by its kind: lines are read one by one, an array lies in memory whole."""
LONGEST_LINE = 64 * MEBIBYTE


class FileFault(Exception):
    """The file can't be read on; `row` counts from 1."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row, self.reason = row, reason


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


@transaction.atomic
def start_import(*, actor: User, project: Project, name: str, content: IO[bytes] | File[Any]) -> ImportJob:
    """Keeps the file and queues the job; the caller enqueues it in the same transaction."""
    suffix = Path(name).suffix.lower()
    if suffix not in LARGEST:
        raise BadInput(
            _("This kind of file is not read."),
            errors=[{"field": "file", "reason": _("must end with .jsonl or .json")}],
        )
    if content.seek(0, os.SEEK_END) > LARGEST[suffix]:
        raise TooLarge(_("A %(kind)s file may have %(n)d MiB.") % {"kind": suffix, "n": LARGEST[suffix] // MEBIBYTE})
    content.seek(0)
    job = ImportJob(project=project, created_by=actor, name=Path(name).name[:200].replace("\x00", ""))
    job.path = f"{job.uuid}{suffix}"
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / job.path).open("wb") as kept:
        shutil.copyfileobj(content, kept)
    job.save()
    record(actor=actor, verb="import.start", obj=job, data={"file": job.name})
    return job


def run_import(*, job: UUID) -> ImportJob:
    """Safe to run again after a crash: what was half done had left nothing."""
    found = ImportJob.objects.select_related("project", "created_by").filter(uuid=job).first()
    if found is None:
        raise Missing(_("There is no such job."))
    _transition(found, ImportJob.State.RUNNING, step="checking", done=0)
    kinds: dict[int, tuple[str, ...]] = {}
    try:
        errors = _check(found, kinds)
        if not errors:
            _transition(found, ImportJob.State.RUNNING, step="writing")
            _write(found, kinds)
            return found
    except FileFault as fault:
        errors = [{"row": fault.row, "field": "", "reason": fault.reason}]
    _transition(found, ImportJob.State.FAILED, step="", errors=errors)
    return found


def _transition(job: ImportJob, to: str, **values: Any) -> None:
    allowed = [state for state, moves in ImportJob.MOVES.items() if to in moves]
    if not ImportJob.objects.filter(pk=job.pk, state__in=allowed).update(state=to, **values):
        raise Conflict(_("This import is over already."))
    for name, value in {"state": to, **values}.items():
        setattr(job, name, value)


def _check(job: ImportJob, kinds: dict[int, tuple[str, ...]]) -> list[dict[str, Any]]:
    """The faults; `kinds` is given what each warned row is warned of."""
    errors: list[dict[str, Any]] = []
    number, checker, told = 0, Checker(NEAR_ROWS), Imported()
    for number, raw in read(folder() / job.path):
        try:
            row = rows.parse(raw, kind=job.project.kind)
            row = checked(number, row, checker=checker, result=told, most=MOST_WARNINGS)
            if row.warnings:
                kinds[number] = row.warnings
        except RowFault as fault:
            errors.append({"row": number, "field": fault.field, "reason": fault.reason})
            if len(errors) >= MOST_ERRORS:
                break
        if number % CHUNK == 0:
            ImportJob.objects.filter(pk=job.pk).update(done=number)
    for name, value in {"done": number, "total": number, "warned": told.warned, "warnings": told.warnings}.items():
        setattr(job, name, value)
    job.save(update_fields=["done", "total", "warned", "warnings"])
    if number == 0:
        errors.append({"row": 0, "field": "", "reason": _("The file has no rows.")})
    return errors


@transaction.atomic
def _write(job: ImportJob, kinds: dict[int, tuple[str, ...]]) -> None:
    result = Imported()
    source = _rows(job, kinds)
    while chunk := list(islice(source, CHUNK)):
        store(project=job.project, sound=chunk, result=result)
    counts = {"created": result.created, "duplicates": result.duplicates}
    _transition(job, ImportJob.State.DONE, step="", **counts)
    record(actor=job.created_by, verb="items.import", obj=job.project, data={"file": job.name, **counts})


def _rows(job: ImportJob, kinds: dict[int, tuple[str, ...]]) -> Iterator[Row]:
    for number, raw in read(folder() / job.path):
        row = rows.parse(raw, kind=job.project.kind)
        yield replace(row, warnings=kinds[number]) if number in kinds else row


def read(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows with their numbers: lines of a .jsonl, entries of a .json array. Raises FileFault."""
    return _read_lines(path) if path.suffix == ".jsonl" else _read_array(path)


def _read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE + 1), b""), start=1):
            if len(line) > LONGEST_LINE:
                raise FileFault(number, _("Line %(n)d is longer than any row.") % {"n": number})
            if line.strip():
                yield number, _load(line, number)


def _load(line: bytes, number: int) -> Any:
    again = _("Mend it and send the file again; nothing was written.")
    try:
        return json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        reason = _("Line %(n)d is not UTF-8 (byte %(byte)d).") % {"n": number, "byte": error.start + 1}
    except (ValueError, RecursionError) as error:
        reason = _("Line %(n)d is not JSON: %(what)s.") % {"n": number, "what": error}
    raise FileFault(number, f"{reason} {again}")


def _read_array(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileFault(
            getattr(error, "lineno", 0),
            _("The file is not JSON: %(what)s. Mend it and send it again; nothing was written.") % {"what": error},
        ) from error
    if not isinstance(content, list):
        raise FileFault(1, _("The file must hold one JSON array of rows, or one row a line as .jsonl."))
    yield from enumerate(content, start=1)
