"""FSDP2: every decoder layer's tensors cut over the processes and gathered only while the layer works."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor

from training.trainer.checkpoints import Checkpoint, load_optimizer, read_weights
from training.trainer.placement.whole import Root, Whole
from training.trainer.ranks import Ranks
from training.trainer.spec import TrainConfig
from training.trainer.tuned import Tuned


class Fsdp(Whole):
    """Accelerate's plugin says which modules are cut and how; its Accelerator is left out, since it averages over
    passes and processes where the loop sums, and knows FSDP on GPUs only."""

    def __init__(self, tuned: Tuned, config: TrainConfig, ranks: Ranks) -> None:
        tuned.root = _sharded(tuned, ranks)
        super().__init__(tuned, config, ranks)

    def step(self, rate: float) -> float:
        norm = self._clip()
        self._set_rate(rate)
        if norm - norm == 0:
            self.optimizer.step()
        return norm

    def weights(self) -> Mapping[str, Tensor]:
        return {name: _gathered(p.detach()) for name, p in self.named.items()}

    def state(self) -> dict[str, Any]:
        return dict(_gathered(super().state()))

    def load(self, checkpoint: Checkpoint) -> dict[str, Any]:
        stored = read_weights(checkpoint)
        saved: dict[str, Any] = load_optimizer(checkpoint)
        for name, p in self.named.items():
            p.detach().copy_(_cut(stored[name].to(p.device), p))
        every = [p for group in self.optimizer.param_groups for p in group["params"]]
        for place, of_parameter in saved["optimizer"]["state"].items():
            p = every[place]
            for name, value in of_parameter.items():
                if value.shape == p.shape:
                    of_parameter[name] = _cut(value.to(p.device), p)
        self.optimizer.load_state_dict(saved["optimizer"])
        return saved

    def _clip(self) -> float:
        from torch.nn.utils import clip_grad_norm_

        norm: Any = clip_grad_norm_(self.parameters, self.config.max_grad_norm or float("inf"))
        return float(norm.full_tensor())


def _sharded(tuned: Tuned, ranks: Ranks) -> Any:
    from accelerate import FullyShardedDataParallelPlugin
    from accelerate.utils.fsdp_utils import fsdp2_prepare_auto_wrap_policy
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    root = Root(tuned)
    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=2,
        auto_wrap_policy="transformer_based_wrap",
        transformer_cls_names_to_wrap=sorted(tuned.core._no_split_modules),
        cpu_ram_efficient_loading=False,
    )
    alone = fsdp2_prepare_auto_wrap_policy(plugin, root)
    mesh = init_device_mesh(ranks.device, (ranks.world,))
    for module in [module for module in root.modules() if alone(module)]:
        fully_shard(module, mesh=mesh, reshard_after_forward=plugin.reshard_after_forward)
    fully_shard(root, mesh=mesh)
    for module in root.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(enable=True)  # gloo knows no other
    return root


def _gathered(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _gathered(value) for key, value in content.items()}
    return content.full_tensor().cpu() if isinstance(content, DTensor) else content


def _cut(whole: Tensor, like: Any) -> DTensor:
    """Every process has read the same file, so nothing is sent."""
    return distribute_tensor(whole, like.device_mesh, like.placements, src_data_rank=None)
