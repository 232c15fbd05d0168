"""The destination's secret: read from Secrets Manager, cached, never printed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.errors import SecretError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

CACHE_SECONDS = 300

_TLS = frozenset({"ca_certificate", "client_certificate", "client_key"})
_LOGIN = frozenset({"token", "username", "password"})
_PROXY = frozenset({"proxy_username", "proxy_password"})
_WITH_PASSWORD = frozenset({"elasticsearch", "http", "loki", "otlp"})


class Credentials(HiddenFields, msgspec.Struct, frozen=True):
    """The fields of the secret; each is optional and none appears in a repr."""

    token: str | None = None
    username: str | None = None
    password: str | None = None
    ca_certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    proxy_username: str | None = None
    proxy_password: str | None = None


class ReadSecret(Protocol):
    """Returns the credentials; `again` bypasses the cache."""

    def __call__(self, *, again: bool = False) -> Credentials: ...  # noqa: D102  # the class documents it


def read_nothing(*, again: bool = False) -> Credentials:  # noqa: ARG001  # the shape of ReadSecret
    """The credentials of a destination without a secret."""
    return Credentials()


class SecretReader:
    """Reads one secret; connects to Secrets Manager at the first read."""

    def __init__(self, arn: str, usable: frozenset[str]) -> None:
        self._arn = arn
        self._usable = usable
        self._provider: SecretsProvider | None = None

    def __call__(self, *, again: bool = False) -> Credentials:
        """The credentials, at most `CACHE_SECONDS` old; with `again`, read now.

        Raises:
            SecretError: Secrets Manager does not return the secret, or its form is unknown. The message
                names the secret and never its content.
        """
        # Imported here because it imports boto3 (0.7 s), which a function without a secret does not need.
        from aws_lambda_powertools.utilities.parameters.exceptions import (  # noqa: PLC0415
            GetParameterError,
        )

        provider = self._provider = self._provider or _new_provider()
        try:
            value = provider.get(self._arn, max_age=CACHE_SECONDS, force_fetch=again)
        except GetParameterError as error:
            # the text is from botocore: the operation and the reason, never the value
            msg = f"the destination's secret {self._arn} could not be read: {error}"
            raise SecretError(msg) from None
        if not isinstance(value, str):
            msg = f"the destination's secret {self._arn} is binary; store it as text"
            raise SecretError(msg)
        return parse_secret(value, self._arn, self._usable)


def usable_fields(destination: str, *, proxy: bool = False) -> frozenset[str]:
    """The fields of a secret that a destination can use, with or without a proxy."""
    login = _LOGIN if destination in _WITH_PASSWORD else frozenset({"token"})
    return _TLS | login | (_PROXY if proxy else frozenset())


def parse_secret(value: str, arn: str, usable: frozenset[str]) -> Credentials:
    """A plain token, or a JSON object with any of the fields in `usable`.

    Raises:
        SecretError: the secret is empty, has no field or an empty one, is not valid JSON, or has a field that
            the destination cannot use. Only names of fields that `Credentials` has are shown.
    """
    text = value.strip()
    if not text:
        msg = f"the destination's secret {arn} is empty"
        raise SecretError(msg)
    if not text.startswith("{"):
        return Credentials(token=text)
    try:
        fields = msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeEncodeError):
        msg = f"the destination's secret {arn} begins like a JSON object but is not a JSON object of strings"
        raise SecretError(msg) from None
    credentials = {name: text.strip() for name, text in fields.items()}
    faults = list(_faults(credentials, usable))
    if faults:
        may_hold = ", ".join(name for name in Credentials.__struct_fields__ if name in usable)
        msg = f"the destination's secret {arn} {'; '.join(faults)}; it may hold {may_hold}"
        raise SecretError(msg)
    return Credentials(**credentials)


def _faults(fields: Mapping[str, str], usable: frozenset[str]) -> Iterator[str]:
    known = Credentials.__struct_fields__
    if not fields:
        yield "has no field"
    if unknown := [name for name in fields if name not in known]:
        yield f"has {len(unknown)} unknown field(s)"
    unusable = [name for name in known if name in fields and name not in usable]
    if of_a_proxy := [name for name in unusable if name in _PROXY]:
        yield f"has {', '.join(of_a_proxy)}, which needs the option proxy"
    if others := [name for name in unusable if name not in _PROXY]:
        yield f"has {', '.join(others)}, which this destination cannot use"
    if empty := [name for name in known if fields.get(name) == ""]:
        yield f"has an empty {', '.join(empty)}"


def _new_provider() -> "SecretsProvider":
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415  # as above
    from botocore.config import Config  # noqa: PLC0415

    # the default of boto3, 60 seconds with retries, is longer than the function may run
    return SecretsProvider(
        boto_config=Config(
            connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}
        )
    )
