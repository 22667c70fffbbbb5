"""Captions, word by word: a recurrent generator from noise, and a recurrent discriminator that judges every word.

Masson d'Autume, Mohamed, Rosca, Rae: Training Language GANs from Scratch, NeurIPS 2019 (ScratchGAN), section 3: the
generator is an LSTM that reads the noise beside the word before; the discriminator is an LSTM over words and positions
with layer normalisation and dropout, and gives a logit for each word given those before. Departures: no pretrained
embeddings, as the words are few; one noise vector per caption, read at each word; both networks have one layer by
default.

Words are numbers; `END` ends a caption, fills up what follows, and stands before the first word.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import require_positive

END = 0


class CaptionGenerator(nn.Module):
    """From noise, float [N, z_dim], to captions of up to ``length`` of ``words`` words, int64 [N, length]."""

    def __init__(
        self, *, words: int, length: int, channels: int = 128, embedding: int = 64, layers: int = 1, z_dim: int = 32
    ) -> None:
        super().__init__()
        require_positive(words=words, length=length, channels=channels, embedding=embedding, layers=layers, z_dim=z_dim)
        self.length, self.z_dim = length, z_dim
        self.embedding = nn.Embedding(words, embedding)
        self.recurrent = nn.LSTM(embedding + z_dim, channels, layers, batch_first=True)
        self.out = nn.Linear(channels, words)

    def forward(self, z: Tensor, tokens: Tensor) -> Tensor:
        """The logarithm of each word's probability given those before, float [N, length]."""
        before = F.pad(tokens[:, :-1], (1, 0), value=END)
        log_probabilities = self._next(before, z)[0]
        return log_probabilities.gather(2, tokens[..., None])[..., 0]

    @torch.no_grad()
    def sample(self, z: Tensor, uniform: Tensor) -> Tensor:
        """Captions, int64 [N, length]; each word by its number of ``uniform``, float [N, length] in [0, 1)."""
        word = torch.full((len(z), 1), END, device=z.device)
        ended = torch.zeros_like(word, dtype=torch.bool)
        words, state = [], None
        for chance in uniform.to(z.device).split(1, dim=1):
            log_probabilities, state = self._next(word, z, state)
            cumulative = log_probabilities[:, 0].exp().cumsum(dim=1)
            drawn = (cumulative <= chance * cumulative[:, -1:]).sum(dim=1, keepdim=True)
            word = drawn.clamp_max(cumulative.shape[1] - 1).masked_fill(ended, END)
            ended = ended | (word == END)
            words.append(word)
        return torch.cat(words, dim=1)

    def _next(
        self, before: Tensor, z: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Log-probabilities after each word of ``before``, [N, T] -> [N, T, words], and the state to go on with."""
        noise = z[:, None].expand(-1, before.shape[1], -1)  # [N, z_dim] -> [N, T, z_dim]
        hidden, after = self.recurrent(torch.cat((self.embedding(before), noise), dim=2), state)
        return self.out(hidden).float().log_softmax(dim=2), after


class CaptionDiscriminator(nn.Module):
    """From captions, int64 [N, length], to a logit for each word given those before, float [N, length]."""

    def __init__(
        self, *, words: int, length: int, channels: int = 128, embedding: int = 64, dropout: float = 0.1
    ) -> None:
        super().__init__()
        require_positive(channels=channels, embedding=embedding)
        self.embedding = nn.Embedding(words, embedding)
        self.position = nn.Embedding(length, embedding)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.LSTM(embedding, channels, batch_first=True)
        self.norm = nn.LayerNorm(channels)
        self.out = nn.Linear(channels, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        places = torch.arange(tokens.shape[1], device=tokens.device)
        hidden, _ = self.recurrent(self.dropout(self.embedding(tokens) + self.position(places)))
        return self.out(self.dropout(self.norm(hidden))).float()[..., 0]


def counted(tokens: Tensor) -> Tensor:
    """1 for each word and the first `END`, 0 for what follows: int64 [N, T] -> float [N, T]."""
    ends = (tokens == END).long()
    return (ends.cumsum(dim=1) - ends == 0).float()
