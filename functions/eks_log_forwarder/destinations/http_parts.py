"""What several collectors have in common: default paths, credentials as headers, and pages for answers."""

from base64 import b64encode
from urllib.parse import urlsplit, urlunsplit

from eks_log_forwarder.destinations.base import Answer
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.outcomes import (
    Delivered,
    EventOutcome,
    Failure,
    outcome_of_failure,
    outcome_of_status,
)
from eks_log_forwarder.secrets import Credentials


def with_default_path(url: str, path: str) -> str:
    """The URL itself, or with the protocol's own path where it has none."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") else urlunsplit(parts._replace(path=path))


def authorization(credentials: Credentials, token_scheme: str) -> dict[str, str]:
    """`Authorization` with the token under a scheme, or with user name and password (RFC 7617), or nothing.

    Raises:
        SecretError: the secret has both, or one of user name and password alone.
    """
    token, username, password = credentials.token, credentials.username, credentials.password
    if username is None and password is None:
        return {} if token is None else {"Authorization": f"{token_scheme} {token}"}
    if token is not None or username is None or password is None:
        msg = "the destination's secret needs either token, or username and password together"
        raise SecretError(msg)
    pair = b64encode(f"{username}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {pair}"}


def outcome_unless_page(answer: Answer) -> EventOutcome:
    """What the status says; but a success with a web page comes from something else, such as a sign-in."""
    outcome = outcome_of_status(answer.status, retry_after_seconds=answer.retry_after_seconds)
    # Not by Content-Type: a JSP that sets none says text/html of everything, a success included.
    start = answer.body[:1024].lower()
    if isinstance(outcome, Delivered) and (b"<html" in start or b"<!doctype html" in start):
        return outcome_of_failure(Failure.HTML_ANSWER)
    return outcome
