"""The whole forward handler behind a proxy, with signed requests, and with another collector's headers."""

import gzip
import json
import os

import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug.wrappers import Request, Response

from eks_log_forwarder.errors import UndeliveredError
from eks_log_forwarder.forward_handler import handler
from tests.conftest import LambdaContext
from tests.integration.test_forward_handler import event_in, payload_in
from tests.misbehaving_server import running_server
from tests.secrets_manager import ARN, SecretsManager
from tests.strict_opensearch import CREDENTIALS, StrictOpenSearch
from tests.strict_proxy import StrictProxy, running_proxy
from tests.unit.transport.test_tls import context_of, pem_of
from tools.listener import running_listener
from tools.listener.protocols import DEMO_DESTINATIONS

TOKEN = "s3cr3t-token-7d21"
HOST = "collector.example.internal"
BASIC = "Basic dXNlcjpzM2NyM3Q="  # of the user name `user` and the password `s3cr3t`


@pytest.fixture
def secrets(environment: pytest.MonkeyPatch, httpserver: HTTPServer) -> SecretsManager:
    """A Secrets Manager that the function finds, and its secret in the environment."""
    for name, value in SecretsManager.environ(httpserver).items():
        environment.setenv(name, value)
    environment.setenv("DESTINATION_SECRET_ARN", ARN)
    return SecretsManager(httpserver)


@pytest.mark.parametrize("destination", ["xplg", "http", "splunk_hec", "elasticsearch", "loki", "otlp"])
def test_every_collector_is_reached_through_a_proxy_and_aws_is_not(
    destination: str, environment: pytest.MonkeyPatch, lambda_context: LambdaContext, secrets: SecretsManager
) -> None:
    """The secret is read past the proxy; the proxy's own login comes from it."""
    demo = DEMO_DESTINATIONS[destination]
    secret = demo.secret(TOKEN)
    fields = json.loads(secret) if secret.startswith("{") else {"token": secret}
    secrets.holds(SecretString=json.dumps(fields | {"proxy_username": "user", "proxy_password": "s3cr3t"}))
    with running_listener(token=TOKEN) as listener:
        url = listener.url_of(demo.path)
        port = int(url.split(":")[2].split("/")[0])
        proxy = StrictProxy(hosts={f"{HOST}:{port}": port}, wants=BASIC)
        with running_proxy(proxy) as running:
            environment.setenv("DESTINATION", destination)
            environment.setenv("DESTINATION_URL", url.replace("127.0.0.1", HOST))
            environment.setenv(
                "DESTINATION_OPTIONS", json.dumps({"proxy": f"http://127.0.0.1:{running.port}"})
            )
            event = event_in("cw")
            expected = len(payload_in(event)["logEvents"])
            answer = handler(event, lambda_context)
            assert (answer["delivered"], answer["parked"]) == (expected, 0)
            assert len(listener.records) == expected
        assert {target.split("/")[2] for target in proxy.forwarded} == {f"{HOST}:{port}"}
        assert secrets.asked_for == [{"SecretId": ARN}]


def test_a_proxy_that_refuses_leaves_the_events_with_their_reason(
    environment: pytest.MonkeyPatch, lambda_context: LambdaContext, secrets: SecretsManager
) -> None:
    """The secret is read again once; no event is rejected, and the next invocation makes no attempt."""
    secrets.holds(SecretString=TOKEN)
    with running_proxy(StrictProxy(wants=BASIC)) as running:
        environment.setenv("DESTINATION", "http")
        environment.setenv("DESTINATION_URL", f"https://{HOST}/in")
        environment.setenv("DESTINATION_OPTIONS", json.dumps({"proxy": f"http://127.0.0.1:{running.port}"}))
        with pytest.raises(UndeliveredError, match=r"proxy_authentication \(the proxy does not accept"):
            handler(event_in("cw"), lambda_context)
        assert len(secrets.asked_for) == 2
        assert len(running.accepted) == 2
        with pytest.raises(UndeliveredError, match="circuit_open"):
            handler(event_in("cw"), lambda_context)
        assert len(running.accepted) == 2


@pytest.mark.parametrize("takes_ids", [True, False], ids=["search", "time series"])
def test_a_collection_takes_signed_events_of_the_whole_handler(
    *,
    takes_ids: bool,
    environment: pytest.MonkeyPatch,
    lambda_context: LambdaContext,
    secrets: SecretsManager,
) -> None:
    """Signed with the role's credentials, which are those that read the secret, too."""
    for name, value in CREDENTIALS.items():
        environment.setenv(name, value)
    host = "0a1b2c3d4e5f6a7b8c9d.eu-central-1.aoss.amazonaws.com"
    authority = trustme.CA()
    secrets.holds(SecretString=json.dumps({"ca_certificate": pem_of(authority)}))
    collection = StrictOpenSearch("aoss", takes_ids=takes_ids)
    with (
        running_server(collection, context_of(authority.issue_cert(host))) as server,
        running_proxy(StrictProxy(hosts={f"{host}:443": server.port})) as running,
    ):
        environment.setenv("DESTINATION", "elasticsearch")
        environment.setenv("DESTINATION_URL", f"https://{host}")
        environment.setenv(
            "DESTINATION_OPTIONS",
            json.dumps({"auth": "sigv4", "proxy": f"http://127.0.0.1:{running.port}"}),
        )
        event = event_in("cw")
        expected = [line["id"] for line in payload_in(event)["logEvents"]]
        for _ in range(2):
            answer = handler(event, lambda_context)
            assert (answer["delivered"], answer["parked"]) == (len(expected), 0)
    assert collection.faults == []
    assert [document["id"] for document in collection.documents] == expected * 2
    assert collection.ids == (expected * 2 if takes_ids else [None] * len(expected) * 2)
    assert collection.requests == (2 if takes_ids else 3)


def test_a_login_beside_sigv4_leaves_the_events_with_a_reason(
    environment: pytest.MonkeyPatch, lambda_context: LambdaContext, secrets: SecretsManager
) -> None:
    """No request is made, and the detail says which of the two to remove."""
    secrets.holds(SecretString=TOKEN)
    environment.setenv("DESTINATION", "elasticsearch")
    environment.setenv("DESTINATION_URL", "https://search-logs-0a1b2c.eu-central-1.es.amazonaws.com")
    environment.setenv("DESTINATION_OPTIONS", '{"auth":"sigv4"}')
    with pytest.raises(UndeliveredError, match="secret_unreadable"):
        handler(event_in("cw"), lambda_context)


def test_another_collector_gets_its_own_headers(
    environment: pytest.MonkeyPatch,
    lambda_context: LambdaContext,
    secrets: SecretsManager,
    httpserver: HTTPServer,
) -> None:
    """The key in its own header, Basic for a gateway, and the static ones; over real HTTP."""
    seen: list[Request] = []

    def take(request: Request) -> Response:
        request.get_data()
        seen.append(request)
        return Response("{}", status=202)

    httpserver.expect_request("/api/v2/logs").respond_with_handler(take)
    secrets.holds(SecretString=json.dumps({"token": TOKEN, "username": "user", "password": "s3cr3t"}))
    environment.setenv("DESTINATION", "http")
    environment.setenv("DESTINATION_URL", httpserver.url_for("/api/v2/logs?ddsource=aws.eks"))
    options = {
        "body_format": "array",
        "token_header": "DD-API-KEY",
        "headers": {"X-Team": "\u00e9t\u00e9", "content-type": "text/plain"},
    }
    environment.setenv("DESTINATION_OPTIONS", json.dumps(options))
    event = event_in("cw")
    answer = handler(event, lambda_context)
    (request,) = seen
    logs = json.loads(gzip.decompress(request.get_data()))
    assert answer["delivered"] == len(logs) == len(payload_in(event)["logEvents"])
    assert request.headers.getlist("Content-Type") == ["application/json"]
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["DD-API-KEY"] == TOKEN
    assert request.headers["Authorization"] == BASIC
    assert request.headers["X-Team"] == "\u00e9t\u00e9"
    assert os.environ["DESTINATION_OPTIONS"].find(TOKEN) == -1
