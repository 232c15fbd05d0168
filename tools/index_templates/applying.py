"""Applies the index templates to a running Elasticsearch or OpenSearch.

It rolls existing data streams over, because a template only concerns indices that are created after it.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from tools.errors import ToolError
from tools.index_templates.files import ELASTICSEARCH, OPENSEARCH, POLICY_PATH, STREAMS, parts

API_KEY, USERNAME, PASSWORD = "ELASTIC_API_KEY", "ELASTIC_USERNAME", "ELASTIC_PASSWORD"
_TIMEOUT_SECONDS = 30
_UNAUTHORIZED, _NOT_FOUND, _FIRST_FAILURE = 401, 404, 400


class Cluster:
    """A cluster by its URL. `ask` and `ask_hidden` read user name and password if no variable has them."""

    def __init__(self, url: str, ask: Callable[[str], str], ask_hidden: Callable[[str], str]) -> None:
        parts_of_url = urlsplit(url)
        if parts_of_url.scheme not in {"http", "https"} or not parts_of_url.hostname:
            msg = "the URL has to be of the form https://HOST:PORT"
            raise ToolError(msg)
        if parts_of_url.username is not None:
            msg = f"the URL contains credentials: set {API_KEY}, or {USERNAME} and {PASSWORD}, instead"
            raise ToolError(msg)
        path = parts_of_url.path.removesuffix("/").removesuffix("/_bulk")  # DestinationUrl may have it
        self._url = urlunsplit((parts_of_url.scheme, parts_of_url.netloc, path, "", ""))
        self._ask, self._ask_hidden = ask, ask_hidden
        self._session = requests.Session()
        _identify(self._session, os.environ.get)

    def product(self) -> str:
        """Which of the two it is; asks for a password if the cluster wants one.

        Raises:
            ToolError: it does not answer as one of them.
        """
        answer = self._send("GET", "/")
        if answer.status_code == _UNAUTHORIZED and API_KEY not in os.environ:
            self._session.auth = (self._ask("User name: "), self._ask_hidden("Password: "))
            answer = self._send("GET", "/")
        version = _json(answer, "GET /").get("version")
        if not isinstance(version, dict):
            msg = "the URL does not answer as Elasticsearch or OpenSearch does"
            raise ToolError(msg)
        return OPENSEARCH if version.get("distribution") == OPENSEARCH else ELASTICSEARCH

    def apply(self, product: str, retention: str) -> Iterator[str]:
        """Yields what was done.

        Raises:
            ToolError: the cluster refused a part.
        """
        for part in parts(product, retention):
            _json(self._send("PUT", part.path + self._version(part.path), part.body), f"PUT {part.path}")
            yield f"applied {part.path}"
        for name in self._data_streams():
            path = f"/{quote(name)}/_rollover"
            _json(self._send("POST", path), f"POST {path}")
            yield f"rolled over {name}"

    def _version(self, path: str) -> str:
        """OpenSearch replaces a policy only if the request names the version that it replaces."""
        if path != POLICY_PATH:
            return ""
        answer = self._send("GET", path)
        if answer.status_code == _NOT_FOUND:
            return ""
        found = _json(answer, f"GET {path}")
        return f"?if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}"

    def _data_streams(self) -> list[str]:
        answer = self._send("GET", f"/_data_stream/{STREAMS}")
        if answer.status_code == _NOT_FOUND:
            return []
        return [stream["name"] for stream in _json(answer, "GET /_data_stream")["data_streams"]]

    def _send(self, method: str, path: str, body: object = None) -> requests.Response:
        try:
            return self._session.request(
                method, self._url + path, json=body, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            msg = f"no answer from the cluster: {type(error).__name__}"
            raise ToolError(msg) from None


def _identify(session: requests.Session, variable: Callable[[str], str | None]) -> None:
    """Uses the credentials of the environment, if there are any."""
    username, password = variable(USERNAME), variable(PASSWORD)
    if key := variable(API_KEY):
        session.auth = _with_key(key)  # as a header alone, ~/.netrc would replace it
    elif username and password:
        session.auth = (username, password)


def _with_key(key: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def add(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"ApiKey {key}"
        return request

    return add


def _json(answer: requests.Response, what: str) -> dict[str, Any]:
    """The body of a success.

    Raises:
        ToolError: it is none; says which part and the cluster's reason.
    """
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status_code >= _FIRST_FAILURE or not isinstance(found, dict):
        error = found.get("error") if isinstance(found, dict) else None
        reason = error.get("reason") if isinstance(error, dict) else None
        msg = f"{what} was answered with {answer.status_code}{f': {str(reason)[:500]}' if reason else ''}"
        raise ToolError(msg)
    return found
