"""Hot words: phrases whose tokens are made likelier while CTC is searched."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Phrase:
    """Token ids of a phrase and what each of them adds to the score (natural logarithm)."""

    tokens: tuple[int, ...]
    boost: float = 3.0


@dataclass
class _Node:
    """A prefix of phrases. `score`: what its tokens have added; `output`: what the phrases that end
    here add for good."""

    score: float = 0.0
    ends: bool = False
    fail: int = 0
    output: float = 0.0
    following: dict[int, int] = field(default_factory=dict)


class ContextGraph:
    """An automaton (Aho and Corasick 1975) over all phrases at once, stepped in whole arrays.

    Every token that goes on with a phrase adds its boost; when the phrase breaks off, what it had
    added is taken back, and when it is complete, stays. As in WeNet and icefall, phrases that share
    a beginning share its score: the highest boost of them.

    `wenet_quirks`: a phrase that begins another, earlier one never completes.
    """

    def __init__(self, phrases: Sequence[Phrase], *, wenet_quirks: bool = False) -> None:
        self.wenet_quirks = wenet_quirks
        nodes = [_Node()]
        for phrase in phrases:
            self._add(nodes, phrase, wenet_quirks)
        self._link(nodes)
        edges = sorted(
            (index, token, target)
            for index, node in enumerate(nodes)
            for token, target in node.following.items()
        )
        self._stride = 1 + max((token for _, token, _ in edges), default=0)
        self._keys: Ints = np.array([s * self._stride + t for s, t, _ in edges], dtype=np.int64)
        self._targets: Ints = np.array([target for _, _, target in edges], dtype=np.int64)
        self._fail: Ints = np.array([node.fail for node in nodes], dtype=np.int64)
        self._score: Floats = np.array([node.score for node in nodes])
        self._output: Floats = np.array([node.output for node in nodes])

    def step(self, states: Ints, tokens: Ints) -> tuple[Ints, Floats]:
        """Return the states that `states` (N,) come to by `tokens` (N,), and the scores added.

        State 0 is where an utterance begins.
        """
        following = np.zeros_like(states)
        current = states.copy()
        open_ = (tokens < self._stride) & (self._keys.size > 0)
        while open_.any():
            wanted = current * self._stride + tokens
            place = np.minimum(np.searchsorted(self._keys, wanted), self._keys.size - 1)
            found = open_ & (self._keys[place] == wanted)
            following[found] = self._targets[place[found]]
            open_ &= ~found & (current != 0)
            current = np.where(open_, self._fail[current], current)
        gained = self._score[following] - self._score[states] + self._output[following]
        return following, gained

    def closing(self, states: Ints) -> Floats:
        """Return what is added at the end: phrases that were not completed give back theirs."""
        return -self._score[states]

    @staticmethod
    def _add(nodes: list[_Node], phrase: Phrase, wenet_quirks: bool) -> None:
        at = 0
        for position, token in enumerate(phrase.tokens, start=1):
            known = token in nodes[at].following
            if not known:
                nodes[at].following[token] = len(nodes)
                nodes.append(_Node())
            score = nodes[at].score + phrase.boost
            at = nodes[at].following[token]
            nodes[at].score = max(nodes[at].score, score)
            if position == len(phrase.tokens) and not (known and wenet_quirks):
                nodes[at].ends = True

    @staticmethod
    def _link(nodes: list[_Node]) -> None:
        waiting = deque([0])
        while waiting:
            index = waiting.popleft()
            node = nodes[index]
            for token, target in node.following.items():
                fail = node.fail
                while index and fail and token not in nodes[fail].following:
                    fail = nodes[fail].fail
                reached = nodes[fail].following.get(token, 0) if index else 0
                child = nodes[target]
                child.fail = reached
                # Breadth first: what is shorter is done.
                child.output = (child.score if child.ends else 0.0) + nodes[reached].output
                waiting.append(target)
