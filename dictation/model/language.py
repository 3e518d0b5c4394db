"""Which language an utterance is in, from the encoder states that are there anyway."""

from torch import Tensor, nn


class LanguageHead(nn.Module):
    """A two-layer MLP over the mean of encoder states, one logit a class."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width // 2)
        self.activation = nn.GELU()
        self.output = nn.Linear(width // 2, classes)

    def forward(self, pooled: Tensor) -> Tensor:
        """Map mean encoder states (B, D) to log-probabilities (B, classes)."""
        # Means are taken in float32, whatever the weights are.
        typed = pooled.to(self.hidden.weight.dtype)
        logits: Tensor = self.output(self.activation(self.hidden(typed)))
        return logits.float().log_softmax(1)
