"""The whole forward handler, for each collector, into a server that enforces the collector's protocol."""

import json

import pytest
from pytest_httpserver import HTTPServer

from eks_log_forwarder.delivery import acknowledgement
from eks_log_forwarder.forward_handler import handler
from tests.conftest import LambdaContext
from tests.integration.test_forward_handler import LOG_TYPES, TOKEN, event_in, payload_in
from tests.secrets_manager import ARN, SecretsManager
from tools.index_templates.applying import API_KEY, Cluster
from tools.index_templates.files import RETENTION
from tools.listener import running_listener
from tools.listener.protocols import DEMO_DESTINATIONS

VARIANTS = [
    ("xplg", {}, "enriched"),
    ("http", {}, "ocsf"),
    ("splunk_hec", {}, "enriched"),
    ("splunk_hec", {"ack": True, "index": "k8s"}, "ocsf"),
    ("elasticsearch", {}, "enriched"),
    ("elasticsearch", {}, "ocsf"),
    ("elasticsearch", {"templates": True}, "parsed"),
    ("elasticsearch", {"ecs": True, "namespace": "prod"}, "enriched"),
    ("loki", {"tenant": "team-a"}, "enriched"),
    ("loki", {}, "plain"),
    ("otlp", {}, "enriched"),
    ("otlp", {"encoding": "json"}, "parsed"),
]


@pytest.mark.parametrize(("destination", "options", "record_format"), VARIANTS)
def test_every_event_arrives_at_every_collector(  # noqa: PLR0913, PLR0917  # the table's columns and fixtures
    destination: str,
    options: dict[str, object],
    record_format: str,
    environment: pytest.MonkeyPatch,
    lambda_context: LambdaContext,
    httpserver: HTTPServer,
) -> None:
    """All of every log type, with the secret in the collector's own form, and no message changed."""
    demo = DEMO_DESTINATIONS[destination]
    for name, value in SecretsManager.environ(httpserver).items():
        environment.setenv(name, value)
    SecretsManager(httpserver).holds(SecretString=demo.secret(TOKEN))
    environment.setattr(acknowledgement, "FIRST_PAUSE_SECONDS", 0.01)
    with running_listener(token=TOKEN) as listener:
        if "templates" in options:
            environment.setenv(API_KEY, TOKEN)
            cluster = Cluster(listener.origin, pytest.fail, pytest.fail)
            assert len(list(cluster.apply(cluster.product(), RETENTION))) == 2
        environment.setenv("DESTINATION", destination)
        environment.setenv("DESTINATION_URL", listener.url_of(demo.path))
        environment.setenv("DESTINATION_SECRET_ARN", ARN)
        environment.setenv("DESTINATION_OPTIONS", json.dumps(options))
        environment.setenv("RECORD_FORMAT", record_format)
        for stem in LOG_TYPES:
            before = len(listener.records)
            event = event_in(stem)
            messages = [line["message"] for line in payload_in(event)["logEvents"]]
            answer = handler(event, lambda_context)
            assert (answer["delivered"], answer["parked"]) == (len(messages), 0)
            records = listener.records[before:]
            assert len(records) == len(messages)
            if record_format in {"enriched", "plain"}:
                assert [record["message"] for record in records] == messages
        assert {outcome.fault for _, outcome in listener.requests} == {""}
