"""A container of the real handlers on this machine: real HTTP, and MiniStack's queues and secrets."""

import io
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import cast
from unittest import mock

from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder import wiring
from eks_log_forwarder.delivery.backoff import Backoff
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.telemetry.publishing import logger


class _Context:
    """What Lambda hands to a handler beside the event, as far as ours look at it."""

    function_name = "eks-log-forwarder-faults"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:eks-log-forwarder-faults"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """A minute."""
        return 60_000


def lambda_context() -> LambdaContext:
    """The context of an invocation with a minute to go."""
    return cast("LambdaContext", _Context())


@contextmanager
def new_container(environ: Mapping[str, str]) -> Iterator[Forwarder]:
    """The handlers as in a new container with this environment; the forwarder that they use.

    It waits as long as its back-off ever would, so that the same fault makes the same requests every time.
    """
    with mock.patch.dict(os.environ, environ, clear=True):
        for once in (wiring.settings, wiring.forwarder, wiring.queues):
            once.cache_clear()
        built = wiring.forwarder()
        patient = replace(
            built, delivery=replace(built.delivery, backoff=Backoff(random=lambda _, most: most))
        )
        with mock.patch.object(wiring, "forwarder", return_value=patient):
            yield patient
        for once in (wiring.settings, wiring.forwarder, wiring.queues):
            once.cache_clear()


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """All that the handlers and their libraries print and log, at the most talkative level."""
    text = io.StringIO()
    root = logging.getLogger()
    everything = logging.StreamHandler(text)
    streams = [
        (handler, handler.stream) for handler in logger.handlers if isinstance(handler, logging.StreamHandler)
    ]
    levels = root.level, logger.log_level
    root.addHandler(everything)
    root.setLevel(logging.DEBUG)
    logger.setLevel(logging.DEBUG)
    for handler, _ in streams:
        handler.setStream(text)
    try:
        with redirect_stdout(text), redirect_stderr(text):
            yield text
    finally:
        for handler, stream in streams:
            handler.setStream(stream)
        root.removeHandler(everything)
        root.setLevel(levels[0])
        logger.setLevel(levels[1])
