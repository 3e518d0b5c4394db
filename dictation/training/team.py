"""Several processes that train one model: who this one is, and how their gradients are summed.

`torchrun` starts them and says in the environment who is who; without it a run is alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed
from torch.nn import Parameter

_BUCKET = 25_000_000


@dataclass(frozen=True)
class Team:
    """`rank` of `size` processes; `local`: its number on its own machine, which is that of its
    GPU."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and speaks to the user."""
        return self.rank == 0

    def share(self, batches: int) -> range:
        """Return the numbers of this process's batches of an epoch: as many as every other's."""
        return range(self.rank, batches - batches % self.size, self.size)

    def sum_counts(self, counts: Sequence[int], device: torch.device) -> list[int]:
        """Add up whole numbers over the processes."""
        if self.size == 1:
            return list(counts)
        totals = torch.tensor(counts, device=device)
        distributed.all_reduce(totals)
        return [int(total) for total in totals.tolist()]

    def sum_values(self, values: Tensor) -> Tensor:
        """Add up a tensor over the processes."""
        if self.size > 1:
            values = values.clone()
            distributed.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Put in place of each gradient its sum over the processes; they come in buckets, since a
        message costs more than what is in it."""
        if self.size == 1:
            return
        learning = [parameter for parameter in parameters if parameter.requires_grad]
        for parameter in learning:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets([p.grad for p in learning if p.grad is not None]):
            flat = torch.cat([gradient.flatten() for gradient in bucket])
            distributed.all_reduce(flat)
            parts = torch.split(flat, [gradient.numel() for gradient in bucket])
            for gradient, part in zip(bucket, parts, strict=True):
                gradient.copy_(part.view_as(gradient))


@contextmanager
def joined(environment: Mapping[str, str], device: str) -> Iterator[Team]:
    """Join the processes `torchrun` started, over NCCL between GPUs and gloo elsewhere."""
    size = int(environment.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team()
        return
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Team(distributed.get_rank(), size, int(environment.get("LOCAL_RANK", "0")))
    finally:
        distributed.destroy_process_group()


def _buckets(gradients: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    for gradient in gradients:
        bucket.append(gradient)
        if sum(each.numel() for each in bucket) >= _BUCKET:
            yield bucket
            bucket = []
    if bucket:
        yield bucket
