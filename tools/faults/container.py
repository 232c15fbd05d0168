"""A container of the real handlers on this machine: real HTTP, with MiniStack's queues and secrets."""

import io
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from copy import replace
from functools import cache
from unittest import mock

import botocore.loaders

from eks_log_forwarder import wiring
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.telemetry.publishing import logger

# AWS's descriptions of its APIs are read once a process instead of once a container: 0.1 s each time.
_create_loader = cache(botocore.loaders.create_loader)


@contextmanager
def new_container(
    environ: Mapping[str, str], change: Callable[[Delivery], Delivery] = lambda delivery: delivery
) -> Iterator[Forwarder]:
    """The handlers as in a new container with this environment; yields the forwarder that they use.

    It always waits the longest pause of its back-off, so that a fault causes the same requests every time.
    """
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch.object(botocore.loaders, "create_loader", _create_loader),
    ):
        for once in (wiring.settings, wiring.forwarder, wiring.queues):
            once.cache_clear()
        built = wiring.forwarder()
        repeatable = replace(built.delivery, backoff=Backoff(random=lambda _, most: most))
        forwarder = replace(built, delivery=change(repeatable))
        with mock.patch.object(wiring, "forwarder", return_value=forwarder):
            yield forwarder
        for once in (wiring.settings, wiring.forwarder, wiring.queues):
            once.cache_clear()


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """All that the handlers and their libraries print and log, at level DEBUG."""
    text = io.StringIO()
    root = logging.getLogger()
    everything = logging.StreamHandler(text)
    levels = root.level, logger.log_level
    root.addHandler(everything)
    root.setLevel(logging.DEBUG)
    logger.setLevel(logging.DEBUG)
    try:
        with printing_to(text), redirect_stderr(text):
            yield text
    finally:
        root.removeHandler(everything)
        root.setLevel(levels[0])
        logger.setLevel(levels[1])


@contextmanager
def printing_to(stream: io.TextIOBase) -> Iterator[None]:
    """Sends what the handlers print and log to this stream."""
    handlers = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    with ExitStack() as restored, redirect_stdout(stream):
        for handler in handlers:
            restored.callback(handler.setStream, handler.stream)
            handler.setStream(stream)
        yield
