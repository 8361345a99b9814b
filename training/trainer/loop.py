"""The one training loop: every method, one process or many."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.trainer import checkpoints as store
from training.trainer.batch import Batch, make_batch
from training.trainer.checkpoints import Checkpoint, Checkpoints
from training.trainer.errors import Stopped, TrainerError
from training.trainer.evaluation import EvalFile, Score, arithmetic, evaluate, send_score
from training.trainer.events import Events
from training.trainer.memory import gpu_mb, rss_mb
from training.trainer.placement.whole import Whole
from training.trainer.plan import Plan, rank_passes
from training.trainer.ranks import Ranks
from training.trainer.rows import Rows
from training.trainer.schedules import Plateau, rate
from training.trainer.spec import TrainSpec
from training.trainer.tuned import Tuned


@dataclass
class State:
    """What changes beside weights and optimizer. Random numbers are drawn anew in each step."""

    step: int = 0
    tokens: int = 0
    supervised_tokens: int = 0
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    base_eval_loss: float | None = None
    eval_loss: float | None = None
    best_step: int | None = None
    bad_evals: int = 0
    seconds: float = 0.0
    exact: bool = True
    plateau: Plateau = field(default_factory=Plateau)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "State":
        return cls(**(stored | {"plateau": Plateau(**stored["plateau"])}))


class Loop:
    def __init__(
        self,
        *,
        spec: TrainSpec,
        tuned: Tuned,
        rows: Rows,
        eval_rows: Rows | None,
        eval_files: tuple[EvalFile, ...],
        plan: Plan,
        ranks: Ranks,
        placement: Whole,
        events: Events,
        saves: Checkpoints,
        must_stop: Callable[[], bool],
        environment: dict[str, Any],
    ) -> None:
        self.spec, self.config, self.tuned = spec, spec.config, tuned
        self.rows, self.eval_rows, self.eval_files, self.plan = rows, eval_rows, eval_files, plan
        self.ranks, self.events, self.saves, self.must_stop = ranks, events, saves, must_stop
        self.environment = environment
        self.placement = placement
        self.state = State()
        asked = self.config.learning_rate
        self.top_rate = spec.method.learning_rate if asked is None else asked
        self.padded = not tuned.packs() or self.config.packing == "off"
        self.supervised = rows.supervised

    def resume(self, checkpoint: Checkpoint) -> None:
        stored = store.read_state(checkpoint)
        saved = self.placement.load(checkpoint)
        self.tuned.load_state(saved["method"])
        self.state = State.load(stored["state"])
        self.state.exact = self.state.exact and stored["environment"] == self.environment

    def run(self) -> State:
        """Raises Stopped after a checkpoint where it was asked to stop."""
        last = self._last_step()
        for rows in self.plan.step_rows(self.state.step):
            if self.state.step >= last or self._patience_is_over():
                break
            started = time.monotonic()
            numbers = self.step(rows)
            self.state.seconds += time.monotonic() - started
            self._report(numbers, time.monotonic() - started)
            at_end = self.state.step == last
            improved = self._evaluate() if at_end or self._due(self.config.eval_every) else False
            stop = self._asked_to_stop()
            if stop or improved or at_end or self._due(self.config.save_every or self.config.eval_every):
                self._save()
            if stop and not at_end:
                raise Stopped
        return self.state

    def _last_step(self) -> int:
        return self.plan.steps

    def _due(self, every: int | None) -> bool:
        return self.state.step % (every or self.plan.steps_per_epoch) == 0

    def step(self, rows: Any) -> dict[str, float]:
        state, config = self.state, self.config
        weights = float((self.rows.weights[rows] * self.supervised[rows]).sum())
        torch.manual_seed(step_seed(self.spec.seed, state.step, self.ranks.rank))
        self.tuned.model.train()
        self.placement.forget_gradients()
        total, seen = torch.zeros((), dtype=torch.float64, device=self.tuned.device), []
        for batch, counts, last in self._batches(rows):
            with arithmetic(config, self.tuned.device):
                loss, nll = self.tuned.loss(batch, smoothing=config.label_smoothing)
            self.placement.backward(loss * counts / weights, last=last)
            total += loss.detach() * counts
            seen.append((batch, nll))
        self._add_penalty()
        loss = self.ranks.sum(float(total)) / weights
        self._expect_finite(loss, seen)
        norm = self._apply(rows)
        tokens, supervised = int(self.rows.lengths[rows].sum()), int(self.supervised[rows].sum())
        state.step += 1
        state.tokens += tokens
        state.supervised_tokens += supervised
        state.loss_sum += loss * weights
        state.weight_sum += weights
        self.tuned.after_step(state.step)
        return {"loss": loss, "grad_norm": norm, "step_tokens": tokens}

    def _batches(self, rows: Any) -> Iterator[tuple[Batch, float, bool]]:
        """This process's passes; whether their rows count, as 1 or 0; and whether it is the last of the step."""
        mine, spare = rank_passes(
            rows, self.rows.lengths, self.config, self.ranks, padded=self.padded, even=self.tuned.root is not None
        )
        for i, group in enumerate(every := [*mine, *spare]):
            batch = make_batch(self.rows, group, self.tuned.device, padded=self.padded)
            yield batch, float(i < len(mine)), i == len(every) - 1

    def _add_penalty(self) -> None:
        penalty = self.tuned.penalty()
        if penalty is not None:
            self.placement.backward(penalty / self.ranks.world, last=True)

    def _apply(self, rows: Any) -> float:
        norm = self.placement.step(self._rate())
        if not (np.isfinite(norm) or self.placement.scaler.is_enabled()):
            raise TrainerError(
                "non_finite_gradient",
                f"The gradient of step {self.state.step + 1} is not finite: lower the learning rate.",
                rows=[self.rows.ids[row] for row in rows],
            )
        return norm

    def _rate(self) -> float:
        return self.top_rate * self.state.plateau.scale * rate(self.config, self.state.step, self.plan.steps)

    def _expect_finite(self, loss: float, seen: list[tuple[Batch, Tensor]]) -> None:
        if np.isfinite(loss):
            return
        named = self.ranks.join([self.rows.ids[row] for batch, nll in seen for row in _broken_rows(batch, nll)])
        every = self.ranks.join([self.rows.ids[row] for batch, _ in seen for row in batch.rows])
        raise TrainerError(
            "non_finite_loss",
            f"The loss of step {self.state.step + 1} is {loss}: lower the learning rate or look at the rows named.",
            rows=named or every,
        )

    def _report(self, numbers: dict[str, float], seconds: float) -> None:
        state = self.state
        self.events.send(
            "train",
            step=state.step,
            steps=self.plan.steps,
            epoch=round(state.step / self.plan.steps_per_epoch, 4),
            loss=numbers["loss"],
            grad_norm=numbers["grad_norm"] if np.isfinite(numbers["grad_norm"]) else None,
            lr=self.placement.optimizer.param_groups[0]["lr"],
            tokens=state.tokens,
            supervised_tokens=state.supervised_tokens,
            tokens_per_s=round(numbers["step_tokens"] / seconds, 1),
            rss_mb=rss_mb(),
            **gpu_mb(),
        )

    def _evaluate(self) -> bool:
        """Whether this is the best so far."""
        if self.eval_rows is None:
            return False
        score = self.evaluate(self.tuned)
        self.state.plateau.see(score.loss, self.config)
        best = self.state.eval_loss
        if best is not None and score.loss >= best - self.config.min_delta:
            self.state.bad_evals += 1
            return False
        self.state.eval_loss, self.state.best_step, self.state.bad_evals = score.loss, self.state.step, 0
        return True

    def evaluate(self, tuned: Tuned) -> Score:
        assert self.eval_rows is not None
        score = evaluate(tuned, self.eval_rows, self.eval_files, self.config, self.ranks)
        send_score(self.events, self.state.step, score)
        return score

    def _patience_is_over(self) -> bool:
        return self.config.patience is not None and self.state.bad_evals >= self.config.patience

    def _asked_to_stop(self) -> bool:
        return bool(self.ranks.sum(float(self.must_stop())))

    def _save(self) -> None:
        weights, state = self.placement.weights(), self.placement.state()
        if self.placement.write_parts(self.saves.parts(self.state.step)):
            self.ranks.wait()
        if self.ranks.first:
            saved = self.saves.save(
                self.state.step,
                weights,
                state | {"method": self.tuned.state()},
                {"state": asdict(self.state), "environment": self.environment},
            )
            self.saves.prune(self.state.best_step)
            self.events.send("checkpoint", step=saved.step, path=str(saved.path), sha256=saved.sha256)
        self.ranks.wait()


def step_seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)


def _broken_rows(batch: Batch, nll: Tensor) -> list[int]:
    broken = ~torch.isfinite(nll).cpu().numpy()
    return [batch.rows[i] for i in sorted(set(batch.row_of_target[broken].tolist()))]
