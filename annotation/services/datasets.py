import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from annotation.models import DatasetVersion, Item, Project, VersionRow
from annotation.rows import canonical
from annotation.selectors.datasets import usable_rows
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, FieldError

DEFAULT_SPLITS = {"train": 0.9, "validation": 0.1}


@transaction.atomic
def create_version(
    *,
    actor: User,
    project: Project,
    name: str,
    splits: dict[str, float] | None = None,
    seed: int = 0,
    note: str = "",
) -> DatasetVersion:
    """Freezes what is accepted now. Raises Conflict when the name is taken or there is nothing to freeze."""
    shares = splits or DEFAULT_SPLITS
    _check(name, shares, note)
    Project.objects.select_for_update().get(pk=project.pk)
    rows = list(_frozen(project, shares, seed))
    if not rows:
        raise Conflict(_("Nothing is accepted yet, so there is nothing to freeze."), code="empty")
    version = _save(actor=actor, project=project, name=name, rows=rows, seed=seed, note=note)
    for row in rows:
        row.version = version
    VersionRow.objects.bulk_create(rows, batch_size=2000)
    record(actor=actor, verb="version.create", obj=version, data={"sha256": version.sha256, "rows": len(rows)})
    return version


def _check(name: str, shares: Any, note: str) -> None:
    faults: list[FieldError] = []
    if not name.strip() or len(name) > 120:
        faults.append({"field": "name", "reason": _("must have 1 to 120 characters")})
    if (
        not isinstance(shares, dict)
        or not all(isinstance(n, str) and 0 < len(n) <= 40 for n in shares)
        or not all(isinstance(v, int | float) and not isinstance(v, bool) and 0 < v <= 1 for v in shares.values())
        or abs(sum(shares.values()) - 1) > 1e-6
    ):
        faults.append({"field": "splits", "reason": _("must map names to shares that sum to 1")})
    if faults:
        raise BadInput(_("The version has faults."), errors=faults)
    jsonb.check([name, shares, note], "")


def _frozen(project: Project, shares: dict[str, float], seed: int) -> Iterator[VersionRow]:
    """Rows in the order of their items; an item's split depends on the seed and its content alone."""
    for number, (item, response, messages, metadata) in enumerate(usable_rows(project), start=1):
        yield VersionRow(
            number=number,
            split=split_of(item.sha256, shares, seed),
            item=item,
            response=response,
            messages=messages,
            metadata=metadata,
            sha256=row_sha256(item, messages, metadata),
        )


def row_sha256(item: Item, messages: Any, metadata: Any) -> str:
    row = {"id": str(item.uuid), "messages": messages, "metadata": metadata}
    return hashlib.sha256(canonical(row).encode()).hexdigest()


def split_of(sha256: str, shares: dict[str, float], seed: int) -> str:
    """Stable: a row that is added later moves no other to another split."""
    place = int(hashlib.sha256(f"{seed}:{sha256}".encode()).hexdigest()[:13], 16) / 16**13
    names = sorted(shares)
    bounds = accumulate(shares[name] for name in names)
    return next((name for name, bound in zip(names, bounds, strict=True) if place < bound), names[-1])


def _save(*, actor: User, project: Project, name: str, rows: list[VersionRow], seed: int, note: str) -> DatasetVersion:
    whole = hashlib.sha256("".join(f"{row.sha256} {row.split}\n" for row in rows).encode()).hexdigest()
    try:
        with transaction.atomic():
            return DatasetVersion.objects.create(
                project=project,
                name=name,
                number=project.versions.count() + 1,
                sha256=whole,
                rows=len(rows),
                splits=dict(Counter(row.split for row in rows)),
                languages=dict(Counter(str(row.metadata.get("language", "und")) for row in rows)),
                seed=seed,
                note=note,
                created_by=actor,
            )
    except IntegrityError as error:
        raise Conflict(_("A version of this name exists. A version never changes: choose another name.")) from error
