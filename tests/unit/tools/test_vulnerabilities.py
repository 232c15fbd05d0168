"""`make vulnerabilities`, against a database that answers as OSV does (OSV API, POST /v1/query)."""

import json
import subprocess
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tools import ROOT

HASH = "--hash=sha256:" + "0" * 64


def look_up(folder: Path, requirements: str, database: str) -> tuple[bool, str]:
    """Runs the target on a file with these requirements: whether it succeeds, and what it prints."""
    pinned = folder / "requirements.txt"
    pinned.write_text(requirements, encoding="utf-8")
    done = subprocess.run(  # noqa: S603  # our own Makefile
        ["make", "vulnerabilities", f"PINNED={pinned}", f"ARGS=--osv-url {database}"],  # noqa: S607  # as a user
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def answer(request: Request) -> Response:
    """A made-up vulnerability of jinja2 alone."""
    if request.get_json(force=True)["package"]["name"] != "jinja2":
        return Response("{}", content_type="application/json")
    found = {
        "id": "PYSEC-2000-1",
        "summary": "made up",
        "published": "2000-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"name": "jinja2", "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
            }
        ],
    }
    return Response(json.dumps({"vulns": [found]}), content_type="application/json")


@pytest.mark.parametrize(
    ("name", "succeeds", "printed"),
    [("idna", True, "No known vulnerabilities found"), ("jinja2", False, "jinja2 2.0     PYSEC-2000-1 2.1")],
)
def test_the_result_depends_on_the_pinned_packages(
    httpserver: HTTPServer, tmp_path: Path, name: str, printed: str, *, succeeds: bool
) -> None:
    """A vulnerability is named with the version that fixes it."""
    httpserver.expect_request("/v1/query").respond_with_handler(answer)
    found = look_up(tmp_path, f"{name}==2.0 {HASH}\n", httpserver.url_for("/v1/query"))
    assert (found[0], printed in found[1]) == (succeeds, True), found[1]


def test_a_database_that_cannot_be_reached_is_a_failure(tmp_path: Path) -> None:
    """The connection is refused."""
    assert not look_up(tmp_path, f"idna==3.20 {HASH}\n", "http://127.0.0.1:1/v1/query")[0]


def test_a_database_that_breaks_is_a_failure(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A status of 500 for one package leaves all of them unknown."""
    httpserver.expect_request("/v1/query").respond_with_data("broken", status=500)
    assert not look_up(tmp_path, f"idna==3.20 {HASH}\n", httpserver.url_for("/v1/query"))[0]


def test_requirements_without_hashes_are_a_failure(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A package that is not pinned by hash may not be the one that is installed."""
    httpserver.expect_request("/v1/query").respond_with_handler(answer)
    assert not look_up(tmp_path, "idna==3.20\n", httpserver.url_for("/v1/query"))[0]
