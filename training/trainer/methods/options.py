"""The options of every method, without torch, so that forms and checks can read them."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Pass = Literal["inject", "prompt", "prefix"]


@dataclass(frozen=True)
class Options:
    """`passes` says how the method enters the forward pass: inside the layers, as embeddings before the text, or as
    keys and values before it; only the first may share a pass between rows."""

    passes: ClassVar[Pass] = "inject"
    learning_rate: ClassVar[float] = 2e-4
    mergeable: ClassVar[bool] = False
    quantised: ClassVar[bool] = False


@dataclass(frozen=True)
class Full(Options):
    """Every weight of the model is trained."""

    learning_rate: ClassVar[float] = 2e-5


@dataclass(frozen=True)
class Lora(Options):
    """Hu et al. 2021: W + (alpha / r)·B·A beside each chosen matrix."""

    mergeable: ClassVar[bool] = True

    r: int = field(default=16, metadata={"low": 1, "high": 1024})
    """Rank of the update."""
    alpha: float = field(default=32.0, metadata={"above": 0})
    """Scale: the update is multiplied by alpha / r."""
    dropout: float = field(default=0.0, metadata={"low": 0, "high": 0.9})
    """Share of the inputs of A that is dropped while training."""
    targets: tuple[str, ...] | None = None
    """Names of the linear layers; none means all of them except the output layer."""
    rslora: bool = False
    """Scale by alpha / sqrt(r) instead (Kalajdzievski 2023)."""
    dora: bool = False
    """Train magnitude and direction apart (Liu et al. 2024)."""


@dataclass(frozen=True)
class RsLora(Lora):
    rslora: bool = True


@dataclass(frozen=True)
class Dora(Lora):
    dora: bool = True


@dataclass(frozen=True)
class Qlora(Lora):
    """Dettmers et al. 2023: LoRA on a base in four bits."""

    quantised: ClassVar[bool] = True

    double_quant: bool = True
    """Quantise the quantisation constants too."""


@dataclass(frozen=True)
class AdaLora(Options):
    """Zhang et al. 2023: ranks move between matrices from init_r to target_r on average."""

    mergeable: ClassVar[bool] = True
    learning_rate: ClassVar[float] = 1e-3

    init_r: int = field(default=12, metadata={"low": 1, "high": 1024})
    """Rank of every matrix at the start."""
    target_r: int = field(default=8, metadata={"low": 1, "high": 1024})
    """Mean rank at the end."""
    alpha: float = field(default=32.0, metadata={"above": 0})
    """Scale of the update."""
    dropout: float = field(default=0.0, metadata={"low": 0, "high": 0.9})
    """Share of the inputs that is dropped while training."""
    targets: tuple[str, ...] | None = None
    """Names of the linear layers; none means all of them except the output layer."""
    orth_reg_weight: float = field(default=0.5, metadata={"low": 0})
    """Weight of the term that keeps P and Q orthogonal."""
    warmup_share: float = field(default=0.1, metadata={"low": 0, "high": 1})
    """Share of the steps before ranks start to fall."""
    final_share: float = field(default=0.3, metadata={"low": 0, "high": 1})
    """Share of the steps after ranks are fixed."""
    every: int = field(default=1, metadata={"low": 1})
    """Steps between two reallocations."""


@dataclass(frozen=True)
class Prefix(Options):
    """Li & Liang 2021: keys and values before the text in every layer, made by a small network."""

    passes: ClassVar[Pass] = "prefix"
    learning_rate: ClassVar[float] = 1e-3

    virtual_tokens: int = field(default=20, metadata={"low": 1, "high": 1024})
    """How many positions are put before the text."""
    projection: bool = True
    """Make the prefix with a two-layer network while training."""
    projection_size: int | None = field(default=None, metadata={"low": 1})
    """Width of that network; none means the width of the model."""


@dataclass(frozen=True)
class PTuningV2(Prefix):
    """Liu et al. 2021: keys and values before the text in every layer, trained directly."""

    learning_rate: ClassVar[float] = 1e-2

    projection: bool = False


@dataclass(frozen=True)
class PTuning(Options):
    """Liu et al. 2021 (GPT understands, too): embeddings before the text, made by a small encoder."""

    passes: ClassVar[Pass] = "prompt"
    learning_rate: ClassVar[float] = 1e-3

    virtual_tokens: int = field(default=20, metadata={"low": 1, "high": 1024})
    """How many embeddings are put before the text."""
    encoder: Literal["mlp", "lstm"] = "mlp"
    """The network that makes them."""
    encoder_size: int = field(default=128, metadata={"low": 1})
    """Its width."""


@dataclass(frozen=True)
class Prompt(Options):
    """Lester et al. 2021: embeddings before the text, trained directly."""

    passes: ClassVar[Pass] = "prompt"
    learning_rate: ClassVar[float] = 3e-2

    virtual_tokens: int = field(default=20, metadata={"low": 1, "high": 1024})
    """How many embeddings are put before the text."""
    init_text: str | None = None
    """Start from the embeddings of this text, repeated or cut to fit."""


@dataclass(frozen=True)
class Ia3(Options):
    """Liu et al. 2022: keys, values and the inner width of the feed-forward part are rescaled."""

    mergeable: ClassVar[bool] = True
    learning_rate: ClassVar[float] = 3e-3


@dataclass(frozen=True)
class Bottleneck(Options):
    """Houlsby et al. 2019: a narrow two-layer network with a skip after attention and after feed-forward."""

    learning_rate: ClassVar[float] = 1e-3

    size: int = field(default=64, metadata={"low": 1, "high": 8192})
    """Inner width of each adapter."""
    activation: Literal["gelu", "relu", "silu"] = "gelu"
    """The non-linearity."""
    dropout: float = field(default=0.0, metadata={"low": 0, "high": 0.9})
    """Share of the inner values that is dropped while training."""


METHODS: dict[str, type[Options]] = {
    "full": Full,
    "lora": Lora,
    "rslora": RsLora,
    "dora": Dora,
    "qlora": Qlora,
    "adalora": AdaLora,
    "prefix": Prefix,
    "ptuning_v2": PTuningV2,
    "ptuning": PTuning,
    "prompt": Prompt,
    "ia3": Ia3,
    "bottleneck": Bottleneck,
}
