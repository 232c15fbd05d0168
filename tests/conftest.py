"""What whole-handler tests share: Lambda's context, a clean environment, what the function prints."""

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import override

import pytest
from hypothesis import HealthCheck, settings

from eks_log_forwarder import wiring
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.telemetry.publishing import logger, metrics

# the first draw in a fresh clone makes Hypothesis's table of Unicode, which takes seconds on a slow machine
settings.register_profile("suite", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

URL = "http://xplg.example.internal:30303/logeye/api/logger.jsp"
SERVICE = "eks-log-forwarder-test"

# a user's own rules cost calls and find things: the tests are about the shipped ones
wiring.OWN_RULES = wiring.OWN_RULES / "not for tests"

_VARIABLES = (*map(str.upper, Settings.__struct_fields__), "POWERTOOLS_", "AWS_")


class LambdaContext:
    """The second argument of a handler, with the attributes that handlers use."""

    function_name = "eks-log-forwarder-forward"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:eks-log-forwarder-forward"
    aws_request_id = "2f1c3a5e-6b7d-4c8e-9f00-112233445566"

    def __init__(self, remaining_ms: int = 60_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        """The same at every call; a test's time does not run."""
        return self._remaining_ms


@pytest.fixture
def lambda_context() -> LambdaContext:
    """The context of an invocation with a minute to go."""
    return LambdaContext()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a new container: the collector's URL, no rules, and no forwarder yet."""
    for name in list(os.environ):
        if name.startswith(_VARIABLES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DESTINATION_URL", URL)
    monkeypatch.setenv("AWS_REGION", "us-east-1")  # Lambda sets it
    monkeypatch.setenv("DETECTIONS", "off")  # its rules take a second to load
    monkeypatch.setattr(metrics.provider, "service", SERVICE)  # read from the environment at import
    forget_the_container()
    yield monkeypatch
    forget_the_container()


def forget_the_container() -> None:
    """As in a new container, the environment has not been read and the logger knows no invocation yet."""
    logger.clear_state()
    for once in (wiring.settings, wiring.forwarder, wiring.queues):
        once.cache_clear()


class CurrentStdout(io.TextIOBase):
    """The current standard output, which pytest replaces between set-up and test."""

    @override
    def write(self, text: str) -> int:
        return sys.stdout.write(text)


@pytest.fixture
def printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """All that the function and its libraries have printed, at the most talkative log level."""
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", CurrentStdout())
    root = logging.getLogger()
    root_handler = logging.StreamHandler(CurrentStdout())
    root.addHandler(root_handler)
    monkeypatch.setattr(root, "level", logging.DEBUG)
    before = logger.log_level
    logger.setLevel(logging.DEBUG)
    yield lambda: "".join(capsys.readouterr())
    logger.setLevel(before)
    root.removeHandler(root_handler)
