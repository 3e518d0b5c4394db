"""The step of a chunk as a CUDA graph: hundreds of small operations launched as one.

At batch 1 a GPU computes a chunk faster than Python can launch its operations one by one.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor

from dictation.model.encoder import Encoder, EncoderOutput
from dictation.model.stream import StreamState, state_tensors, with_tensors

Work = Callable[[], None]
Capture = Callable[[Work], Work]
"""From work on memory that stays where it is to what does the same again on that memory. Raises
RuntimeError where it cannot be recorded."""

_WARM_UPS = 3
_log = logging.getLogger(__name__)


def capture_for(device: torch.device) -> Capture | None:
    """Return how work is recorded on a device, None where it cannot be."""
    return partial(_capture_on_cuda, device) if device.type == "cuda" else None


class ChunkSteps:
    """Steps of an encoder. Those of single streams whose state keeps its shapes, as it does once a
    bounded left context is full, are recorded and replayed; `capture` None: none are.

    States remain values: what a recording works on is copied in and out.
    """

    def __init__(self, encoder: Encoder, capture: Capture | None) -> None:
        self._encoder = encoder
        self._capture = capture
        self._recorded: dict[object, _Recorded] = {}

    def step(
        self,
        features: Tensor,
        state: StreamState,
        chunk_size: int,
        left_context: int = -1,
        final: bool = False,
    ) -> tuple[EncoderOutput, StreamState]:
        """Do what `Encoder.step` does."""
        plain = partial(self._encoder.step, features, state, chunk_size, left_context, final)
        if self._capture is None or final or not _is_recordable(state):
            return plain()
        shapes = _shapes(state)
        key = (features.shape, features.dtype, shapes, chunk_size, left_context)
        if key in self._recorded:
            return self._recorded[key].step(features, state)
        output, after = plain()
        if _shapes(after) == shapes and after.offset == state.offset + chunk_size:
            try:
                self._recorded[key] = _Recorded(
                    self._encoder, self._capture, features, state, (chunk_size, left_context)
                )
            except RuntimeError as error:
                self._capture = None
                reason = str(error).partition("\n")[0]
                _log.warning("chunks are not computed as a CUDA graph here: %s", reason)
        return output, after


class _Recorded:
    """One step on memory of its own."""

    def __init__(
        self,
        encoder: Encoder,
        capture: Capture,
        features: Tensor,
        state: StreamState,
        context: tuple[int, int],
    ) -> None:
        self._encoder = encoder
        self._context = context
        self._like = state
        self._inputs = _copies(self._arguments(features, state))
        self._outputs: list[Tensor] = []
        self._replay = capture(self._work)

    def step(self, features: Tensor, state: StreamState) -> tuple[EncoderOutput, StreamState]:
        """Do the step for these features and this state."""
        torch._foreach_copy_(self._inputs, self._arguments(features, state))
        self._replay()
        memory, memory_lengths, top, top_lengths, *tensors = _copies(self._outputs)
        after = with_tensors(state, tensors, (state.offset + self._context[0],))
        return EncoderOutput(memory, memory_lengths, top, top_lengths), after

    def _arguments(self, features: Tensor, state: StreamState) -> list[Tensor]:
        """Return all that differs from step to step; positions are rows of tables by then."""
        like, chunk_size = state.blocks[0].attention.keys, self._context[0]
        rows = [
            table.rows(state.offset // pace, (state.offset + chunk_size) // pace, like)
            for table, pace in self._encoder.position_tables()
        ]
        return [features, *rows, *state_tensors(state)]

    def _work(self) -> None:
        tables = self._encoder.position_tables()
        features, *rest = self._inputs
        rows, tensors = rest[: len(tables)], rest[len(tables) :]
        state = with_tensors(self._like, tensors, (0,))
        with ExitStack() as stack:
            for (table, _), fixed in zip(tables, rows, strict=True):
                stack.enter_context(table.always(fixed))
            output, after = self._encoder.step(features, state, *self._context)
        lengths = (output.memory_lengths, output.top_lengths)
        outputs = [output.memory, lengths[0], output.top, lengths[1], *state_tensors(after)]
        self._outputs = [each.contiguous() for each in outputs]


def _is_recordable(state: StreamState) -> bool:
    return len(state.offsets) == 1 and not any(each.attention.absent for each in state.blocks)


def _shapes(state: StreamState) -> tuple[tuple[torch.Size, torch.dtype], ...]:
    return tuple((each.shape, each.dtype) for each in state_tensors(state))


def _copies(tensors: list[Tensor]) -> list[Tensor]:
    copies = [torch.empty(each.shape, dtype=each.dtype, device=each.device) for each in tensors]
    torch._foreach_copy_(copies, tensors)
    return copies


def _capture_on_cuda(device: torch.device, work: Work) -> Work:
    with torch.cuda.device(device):
        # Libraries choose their kernels and tables are made before anything is recorded.
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                work()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()

    def replay() -> None:
        with torch.cuda.device(device):
            graph.replay()

    return replay
