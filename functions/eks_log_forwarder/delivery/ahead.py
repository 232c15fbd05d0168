"""Batches, of which the next is made while the current one is on its way."""

from collections.abc import Iterable, Iterator
from typing import override

from eks_log_forwarder.delivery.batch import Batch


class Ahead(Iterator[Batch]):
    """The batches in order; at most one of them is made before its turn."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = iter(batches)
        self._made: Batch | Exception | None = None

    @override
    def __next__(self) -> Batch:
        """The next batch.

        Raises:
            Exception: what making it raised, also where that happened in `make_next`.
        """
        if self._made is None:
            return next(self._batches)
        made, self._made = self._made, None
        if isinstance(made, Exception):
            raise made
        return made

    def make_next(self) -> None:
        """Makes the next batch, unless it is made or there is none; never raises."""
        if self._made is None:
            try:
                # with a default, because a StopIteration that is kept would keep this object, too
                self._made = next(self._batches, None)
            except Exception as error:  # noqa: BLE001  # the request on its way must be waited for first
                self._made = error
