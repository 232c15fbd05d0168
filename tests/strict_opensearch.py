"""Amazon OpenSearch on 127.0.0.1: checks each signature on its own, and refuses ids as Serverless does.

The signature is computed here from the bytes that arrived, by the IAM User Guide ("Create a signed AWS API
request"), and not with botocore.
"""

import gzip
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from tests.misbehaving_server import Connection

KEY_ID = "ASIAEXAMPLEEXAMPLE00"
SECRET_KEY = "s3cr3t/key+EXAMPLE"
SESSION_TOKEN = "s3ss10n//token=="
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_SESSION_TOKEN": SESSION_TOKEN,
}
_ID_REFUSED = {
    "type": "illegal_argument_exception",
    "reason": "Document ID is not supported in create/index operation request",
}
_FIVE_MINUTES = timedelta(minutes=5)


@dataclass(slots=True)
class StrictOpenSearch:
    """One domain or collection; `takes_ids` is false for time series and vector search collections."""

    service: str
    region: str = "eu-central-1"
    takes_ids: bool = True
    documents: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: int = 0

    def __call__(self, connection: Connection) -> None:
        """Serves one connection."""
        while request := connection.read_request():
            self.requests += 1
            head, _, body = request.partition(b"\r\n\r\n")
            fault = self.fault_of(head.decode("latin-1"), body)
            if fault:
                self.faults.append(fault)
            status, answer = (403, {"message": fault}) if fault else (200, self._store(head, body))
            text = json.dumps(answer).encode()
            connection.send(f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)

    def fault_of(self, head: str, body: bytes) -> str:
        """What is wrong with a request's signature; empty if AWS would take it."""
        first, *lines = head.split("\r\n")
        method, target, _ = first.split()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        algorithm, _, parameters = headers.get("authorization", "").partition(" ")
        given = dict(part.strip().split("=", 1) for part in parameters.split(",") if "=" in part)
        if algorithm != "AWS4-HMAC-SHA256" or given.keys() != {"Credential", "SignedHeaders", "Signature"}:
            return "no signature"
        date = headers.get("x-amz-date", "")
        scope = f"{date[:8]}/{self.region}/{self.service}/aws4_request"
        signed = given["SignedHeaders"].split(";")
        digest = hashlib.sha256(body).hexdigest()
        checks = {
            "the scope": given["Credential"] == f"{KEY_ID}/{scope}",
            "the time": abs(datetime.now(UTC) - _time(date)) < _FIVE_MINUTES,
            "the session token": headers.get("x-amz-security-token") == SESSION_TOKEN,
            "the order of the signed headers": signed == sorted(signed),
            "a signed header that is not sent": set(signed) <= headers.keys(),
            "Content-Length is signed": "content-length" not in signed,
            "a header that has to be signed": set(signed) >= _to_be_signed(headers),
            "x-amz-content-sha256": headers.get("x-amz-content-sha256") == digest,
        }
        if wrong := [name for name, is_right in checks.items() if not is_right]:
            return ", ".join(wrong)
        canonical = "\n".join(
            (
                method,
                _canonical_path(target.partition("?")[0]),
                _canonical_query(target.partition("?")[2]),
                *(f"{name}:{' '.join(headers[name].split())}" for name in signed),
                "",
                given["SignedHeaders"],
                digest,
            )
        )
        to_sign = "\n".join((algorithm, date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{SECRET_KEY}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return "" if expected == given["Signature"] else "the signature"

    def _store(self, head: bytes, body: bytes) -> dict[str, Any]:
        lines = (gzip.decompress(body) if b"gzip" in head else body).splitlines()
        items: list[dict[str, Any]] = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            create = json.loads(action)["create"]
            if "_id" in create and not self.takes_ids:
                items.append({"create": {"status": 400, "error": _ID_REFUSED}})
                continue
            self.ids.append(create.get("_id"))
            self.documents.append(json.loads(document))
            items.append({"create": {"status": 201}})
        return {"errors": any(item["create"]["status"] > 299 for item in items), "items": items}


def _time(date: str) -> datetime:
    return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _to_be_signed(headers: dict[str, str]) -> set[str]:
    return {
        name for name in headers if name.startswith(("x-amz-", "content-encoding", "content-type", "host"))
    }


def _canonical_path(path: str) -> str:
    """Every segment as it was received, escaped once more; AWS does so for all services but S3."""
    return "/".join(quote(segment, safe="") for segment in path.split("/"))


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(
        f"{name}={value}"
        for name, value in sorted((_escaped(name), _escaped(value)) for name, _, value in pairs)
    )


def _escaped(text: str) -> str:
    return quote(unquote(text), safe="")
