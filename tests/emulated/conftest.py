"""One stack for all the emulated tests: it takes half a minute to build and deploy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulated.deployment import STACK, Deployed
from tools import demo
from tools.listener import running_listener
from tools.local_aws import local_aws


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The demo's stack, with lines of every log type put in and waited for; torn down at the end."""
    workdir: Path = tmp_path_factory.mktemp("emulated")
    with running_listener(token=demo.TOKEN) as listener, local_aws(workdir) as aws:
        build_dir = aws.build()
        parameters = demo.create_cluster_logs(aws) | {"DestinationUrl": listener.url}
        outputs = aws.deploy(build_dir, STACK, parameters)
        put_in = demo.put_lines(aws)
        arrived = demo.wait_for(listener, put_in)
        deployed = Deployed(aws, listener, build_dir, parameters, outputs, put_in, arrived)
        deployed.read_first_log()
        yield deployed
