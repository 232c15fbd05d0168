"""Lines of aws-iam-authenticator: logrus text, `key=value` pairs with quoted values."""

import json

import msgspec

from eks_log_forwarder.control_plane.go_text import MAX_FIELDS, pairs
from eks_log_forwarder.encoding import encodable

_decode_json = json.JSONDecoder(strict=False).raw_decode
_MAX_STS_CHARACTERS = 64 * 1024  # an STS response has a few hundred


class AuthenticatorLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of the authenticator. `arn` is empty if access was denied before the identity was mapped.

    `error` is unescaped text. If it ends in the JSON of an STS response, `fields` also has the code and the
    message of that response as `errorCode` and `errorMessage`, the names that CloudTrail uses. `fields` has
    all other keys as logged: client, method, path, uid, accountid, stsendpoint and so on.
    """

    time: str = ""
    level: str = ""
    msg: str = ""
    arn: str = ""
    username: str = ""
    groups: list[str] = []
    error: str = ""
    fields: dict[str, str] = {}


def parse_authenticator(message: str) -> AuthenticatorLine | None:
    """Parse a line; None if it lacks logrus's keys `level`, and `time` or `msg`. Never raises."""
    if "level=" not in message:
        return None
    found = pairs(message)
    if "level" not in found or not ("time" in found or "msg" in found):
        return None
    error = found.pop("error", "")
    return AuthenticatorLine(
        time=found.pop("time", ""),
        level=found.pop("level"),
        msg=found.pop("msg", ""),
        arn=found.pop("arn", ""),
        username=found.pop("username", ""),
        groups=_go_slice(found.pop("groups", "")),
        error=error,
        fields={key: value for key, value in (found | _sts_error(error)).items() if value},
    )


def _go_slice(text: str) -> list[str]:
    """Return the elements of a Go []string, which prints as `[a b]`; the last one holds the rest."""
    return text.removeprefix("[").removesuffix("]").split(None, MAX_FIELDS)


def _sts_error(error: str) -> dict[str, str]:
    """Return the code and message in `…error from AWS (expected 200, got 403). Body: {"Error": …}`."""
    start = error.find('{"Error"')
    if start < 0:
        return {}
    try:
        body, _ = _decode_json(error[start : start + _MAX_STS_CHARACTERS])
    except (ValueError, RecursionError):
        return {}
    answer = body["Error"]
    if not isinstance(answer, dict):
        return {}
    named = (("errorCode", answer.get("Code")), ("errorMessage", answer.get("Message")))
    return {name: encodable(value) for name, value in named if isinstance(value, str)}
