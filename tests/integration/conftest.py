"""What the tests of whole handlers share: MiniStack's queues and streams, and a collector."""

from collections.abc import Iterator

import pytest

from tools.faults.collector import Collector
from tools.faults.scripts import TAKE_ALL
from tools.faults.speech import SPEECHES
from tools.listener.http_server import running_http_server
from tools.local_aws import LocalAws, local_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One MiniStack for all the tests of a file."""
    with local_aws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture
def collector(environment: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that does what its script says; it wants no token."""
    collector = Collector("", TAKE_ALL, SPEECHES["xplg"])
    with running_http_server(collector.answer) as origin:
        environment.setenv("DESTINATION_URL", f"{origin}/in")
        yield collector
