"""`make vulnerabilities`, against a database that answers as OSV does (OSV API, POST /v1/query)."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tools.vulnerabilities import LookUpError, Vulnerability, look_up, main

HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """Two pinned packages, one of which the database knows something about."""
    path = tmp_path / "requirements.txt"
    path.write_text(f"idna==3.20 {HASH}\njinja2==2.0 {HASH}\n", encoding="utf-8")
    return path


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


def test_names_the_vulnerability_and_the_version_that_fixes_it(
    httpserver: HTTPServer, requirements: Path
) -> None:
    """Two packages are looked up, one is vulnerable."""
    httpserver.expect_request("/v1/query").respond_with_handler(answer)
    found = look_up(requirements, ["--osv-url", httpserver.url_for("/v1/query")])
    assert found == (2, [Vulnerability("jinja2", "2.0", "PYSEC-2000-1", ("2.1",))])


@pytest.mark.parametrize(("name", "status"), [("idna", 0), ("jinja2", 1)])
def test_the_exit_status_says_whether_something_is_vulnerable(
    httpserver: HTTPServer, tmp_path: Path, name: str, status: int
) -> None:
    """0 is said only of packages that were looked up."""
    httpserver.expect_request("/v1/query").respond_with_handler(answer)
    path = tmp_path / "requirements.txt"
    path.write_text(f"{name}==2.0 {HASH}\n", encoding="utf-8")
    assert main([str(path), "--osv-url", httpserver.url_for("/v1/query")]) == status


def test_a_database_that_cannot_be_reached_is_no_clean_result(
    requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The connection is refused: the status is 2, and the file is reported as not checked."""
    assert main([str(requirements), "--osv-url", "http://127.0.0.1:1/v1/query"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, "was NOT checked" in printed.err) == ("", True)


def test_a_database_that_breaks_is_no_clean_result(httpserver: HTTPServer, requirements: Path) -> None:
    """A status of 500 for one package leaves all of them unknown."""
    httpserver.expect_request("/v1/query").respond_with_data("broken", status=500)
    with pytest.raises(LookUpError):
        look_up(requirements, ["--osv-url", httpserver.url_for("/v1/query")])


def test_requirements_without_hashes_are_not_checked(tmp_path: Path) -> None:
    """What is not pinned by hash is not what will be installed."""
    path = tmp_path / "requirements.txt"
    path.write_text("idna==3.20\n", encoding="utf-8")
    with pytest.raises(LookUpError):
        look_up(path)
