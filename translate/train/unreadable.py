"""Pictures that turn out unreadable in the middle of training: few are passed over, many end the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translate.errors import PictureError, render


class Unreadable:
    """The pictures met so far that could not be read, by their errors' texts: at most ``share`` of all ``samples``."""

    def __init__(self, *, share: float, samples: int) -> None:
        self.share, self.samples = share, samples
        self.texts: set[str] = set()

    def new(self, texts: Iterable[str]) -> Iterator[str]:
        """A warning for each picture that was not met before; ``texts`` are marked texts of ``PictureError``.

        Raises ``PictureError`` where there are too many.
        """
        for text in texts:
            if text in self.texts:
                continue
            self.texts.add(text)
            if len(self.texts) > self.share * self.samples:
                raise PictureError(
                    f"{text}; `translate data check` finds all such files; {len(self.texts)} of {self.samples} samples "
                    f"are more than <bad_pictures> {self.share:g} allows"
                )
            yield f"WARNING: {render(text)}; another sample takes its place"
