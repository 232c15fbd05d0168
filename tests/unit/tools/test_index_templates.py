"""`make index-templates`: the files are what the command sends, and a real server receives it."""

import json
import re
from base64 import b64encode

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tools.errors import ToolError
from tools.index_templates.__main__ import main
from tools.index_templates.applying import API_KEY, PASSWORD, USERNAME, Cluster
from tools.index_templates.files import ELASTICSEARCH, FOLDER, OPENSEARCH, parts, text_of

ELASTIC = {"number": "8.17.0"}
OPEN = {"number": "2.19.0", "distribution": "opensearch"}


class Server:
    """A cluster that takes everything and remembers it, from those whom it knows by their Authorization."""

    def __init__(self, server: HTTPServer, version: dict[str, str], *users: str) -> None:
        self.url = server.url_for("").rstrip("/")
        self.requests: list[tuple[str, str, object]] = []
        self._version, self._users = version, users
        server.expect_request(re.compile("")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        if self._users and request.headers.get("Authorization") not in self._users:
            return Response("{}", 401)
        path = request.full_path.rstrip("?")
        if request.method != "GET":
            self.requests.append((request.method, path, request.get_json(silent=True)))
        return Response(json.dumps(self._body(path)), 200)

    def _body(self, path: str) -> dict[str, object]:
        if path == "/":
            return {"version": self._version}
        if path.startswith("/_data_stream/"):
            return {"data_streams": [{"name": "logs-eks.audit-default"}]}
        return {"_seq_no": 7, "_primary_term": 2}


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (API_KEY, USERNAME, PASSWORD):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("product", [ELASTICSEARCH, OPENSEARCH])
def test_the_files_are_up_to_date(product: str) -> None:
    """`make index-templates ARGS=--write` would write them as they are."""
    expected = {part.name: text_of(part) for part in parts(product)}
    folder = FOLDER / product
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == expected


def test_applies_every_file_and_rolls_data_streams_over(
    httpserver: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order in which they depend on each other; the path of the bulk endpoint is taken off."""
    server = Server(httpserver, ELASTIC)
    assert main([f"{server.url}/_bulk", "--retention", "30d"]) == 0
    assert [(method, path) for method, path, _ in server.requests] == [
        ("PUT", "/_component_template/eks-control-plane"),
        ("PUT", "/_index_template/eks-control-plane"),
        ("POST", "/logs-eks.audit-default/_rollover"),
    ]
    assert [body for _, _, body in server.requests][:2] == [p.body for p in parts(ELASTICSEARCH, "30d")]
    assert '"templates": true' in capsys.readouterr().out


def test_opensearch_gets_its_own_types_and_a_policy(httpserver: HTTPServer) -> None:
    """A policy that is there is replaced, which OpenSearch allows only with its version."""
    server = Server(httpserver, OPEN)
    assert main([server.url]) == 0
    method, path, body = server.requests[0]
    assert (method, path) == (
        "PUT",
        "/_plugins/_ism/policies/eks-control-plane?if_seq_no=7&if_primary_term=2",
    )
    assert '"min_index_age": "90d"' in json.dumps(body)
    component = json.dumps(server.requests[1][2])
    assert component.count('"flat_object"') == json.dumps([part.body for part in parts(ELASTICSEARCH)]).count(
        '"flattened"'
    )
    assert "flattened" not in component


@pytest.mark.parametrize(
    ("variables", "authorization"),
    [
        ({API_KEY: "a2V5"}, "ApiKey a2V5"),
        ({USERNAME: "elastic", PASSWORD: "hunter2"}, f"Basic {b64encode(b'elastic:hunter2').decode()}"),
    ],
)
def test_the_environment_has_the_credentials(
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    authorization: str,
) -> None:
    """Never the command line, which other users of the machine can read."""
    server = Server(httpserver, ELASTIC, authorization)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main([server.url]) == 0
    assert len(server.requests) == 3


def test_asks_for_a_password_only_if_the_cluster_wants_one(httpserver: HTTPServer) -> None:
    """The first request goes without."""
    server = Server(httpserver, ELASTIC, f"Basic {b64encode(b'ada:hunter2').decode()}")
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "ada" if "name" in prompt else "hunter2"

    assert Cluster(server.url, answer, answer).product() == ELASTICSEARCH
    assert asked == ["User name: ", "Password: "]


@pytest.mark.parametrize("url", ["https://elastic:hunter2@es.example.internal:9200", "es.example.internal"])
def test_a_url_with_credentials_or_without_a_scheme_is_refused(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message does not repeat it."""
    assert main([url]) == 2
    assert "hunter2" not in capsys.readouterr().err


def test_a_refusal_is_told_with_the_reason_of_the_cluster(httpserver: HTTPServer) -> None:
    """Such as a right that the key lacks."""
    httpserver.expect_request("/").respond_with_json({"version": ELASTIC})
    refusal = {"error": {"type": "security_exception", "reason": "action is unauthorized"}}
    httpserver.expect_request("/_component_template/eks-control-plane").respond_with_json(refusal, 403)
    cluster = Cluster(httpserver.url_for("").rstrip("/"), input, input)
    with pytest.raises(ToolError, match="answered with 403: action is unauthorized"):
        list(cluster.apply(cluster.product(), "90d"))


@pytest.mark.parametrize("body", ["{}", '{"status":"ok"}', "<html>"])
def test_what_is_no_cluster_is_refused(httpserver: HTTPServer, body: str) -> None:
    """A proxy, or another collector."""
    httpserver.expect_request("/").respond_with_data(body)
    with pytest.raises(ToolError):
        Cluster(httpserver.url_for("").rstrip("/"), input, input).product()


def test_prints_what_it_would_send(capsys: pytest.CaptureFixture[str]) -> None:
    """For a console, or to look at."""
    assert main(["--print", OPENSEARCH]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("PUT ")] == [
        "PUT /_plugins/_ism/policies/eks-control-plane",
        "PUT /_component_template/eks-control-plane",
        "PUT /_index_template/eks-control-plane",
    ]


@pytest.mark.parametrize("retention", ["ninety", "0d", "90"])
def test_a_retention_has_a_unit(retention: str) -> None:
    """Elasticsearch's units, days or hours."""
    with pytest.raises(SystemExit):
        main(["--print", ELASTICSEARCH, "--retention", retention])
