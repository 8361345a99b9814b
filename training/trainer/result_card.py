"""What a result says about itself, so that it can be put on its base again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from training.trainer.base_model import Source
from training.trainer.errors import TrainerError
from training.trainer.methods.options import METHODS, Full, Options, Qlora

NAME = "trainer.json"


@dataclass(frozen=True)
class Card:
    method: str
    base: str
    gguf_file: str | None = None
    template: str | None = None

    @property
    def options(self) -> Options:
        return METHODS[self.method]()

    @property
    def on_four_bits(self) -> bool:
        return isinstance(self.options, Qlora)

    @property
    def mergeable(self) -> bool:
        return self.options.mergeable or isinstance(self.options, Full)


def write_card(folder: Path, method: str, source: Source) -> None:
    spec = source.spec
    card = Card(method, base=spec.path, gguf_file=spec.gguf_file, template=spec.template)
    (folder / NAME).write_text(json.dumps(asdict(card)), encoding="utf-8")


def read_card(folder: Path) -> Card:
    try:
        return Card(**json.loads((folder / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as problem:
        raise TrainerError("broken_adapter", f"{folder} is no result of a run: {NAME}: {problem}") from None
