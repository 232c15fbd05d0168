"""Which values a field of Elasticsearch takes, by its type.

Source: Elasticsearch reference, "Field data types", "coerce", "ignore_above", "ignore_malformed" and
"Flattened". OpenSearch calls its flattened type `flat_object`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

OBJECTS = frozenset({"object", "nested"})
FLATTENED = frozenset({"flattened", "flat_object"})
MAX_TERM_BYTES = 32_766  # Lucene's longest term
PARSING = "document_parsing_exception"  # mapper_parsing_exception before version 8
ARGUMENT = "illegal_argument_exception"
MAPPING = "mapper_parsing_exception"
STRICT = "strict_dynamic_mapping_exception"
INDEX_NAME = "invalid_index_name_exception"

# strict_date_optional_time
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"


class RefusedError(Exception):
    """A document that Elasticsearch refuses: the type of the error, and the reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a mapping; `dynamic` and `enabled` matter for objects, `depth_limit` for flattened.

    `counted` is the number of fields that it adds to the total, with its multi-fields.
    """

    type: str
    dynamic: str = "true"
    enabled: bool = True
    ignore_malformed: bool = False
    ignore_above: int | None = None
    depth_limit: int = 20
    format: str = _DEFAULT_FORMAT
    counted: int = 1

    @classmethod
    def of(cls, config: dict[str, Any], dynamic: str, *, ignore_malformed: bool) -> "Field":
        """The field that a mapping's JSON describes; an object inherits `dynamic`.

        Raises:
            RefusedError: the model does not know the type.
        """
        kind = config.get("type", "object")
        if kind not in OBJECTS | FLATTENED | _TAKES.keys():
            reason = f"No handler for type [{kind}] declared on a field"
            raise RefusedError(MAPPING, reason)
        return cls(
            kind,
            str(config.get("dynamic", dynamic)).lower(),
            str(config.get("enabled", True)).lower() == "true",
            str(config.get("ignore_malformed", ignore_malformed)).lower() == "true",
            config.get("ignore_above"),
            config.get("depth_limit", 20),
            config.get("format", _DEFAULT_FORMAT),
            1 + len(config.get("fields", {})),
        )

    def take(self, name: str, value: object) -> None:
        """Takes one value, which is neither null nor an array; not for objects.

        Raises:
            RefusedError: the field cannot hold it.
        """
        if self.type in FLATTENED:
            self._take_flattened(name, value)
        elif isinstance(value, dict):  # ignore_malformed does not cover objects
            raise self._unparsed(name, "found an object where a value is expected")
        elif not _TAKES[self.type](self, value):
            if not self.ignore_malformed:
                raise self._unparsed(name, "malformed value")
        elif self.type in _TERMS:
            self._take_term(name, str(value))

    def _take_flattened(self, name: str, value: object) -> None:
        if not isinstance(value, dict):
            raise self._unparsed(name, "Failed to parse object: expecting token of type [START_OBJECT]")
        for depth, path, leaf in _leaves(value, "", 1):
            if depth > self.depth_limit:
                limit = f"the maximum depth limit of [{self.depth_limit}]"
                reason = f"The provided [flattened] field [{name}] exceeds {limit}"
                raise RefusedError(PARSING, reason)
            if "\0" in path:
                raise self._unparsed(name, "Keys cannot contain the reserved character \\0")
            # the term of the keyed field has the path before the value
            self._take_term(name, leaf if self._is_ignored(leaf) else f"{path}\0{leaf}")

    def _take_term(self, name: str, term: str) -> None:
        if not self._is_ignored(term) and len(term.encode(errors="replace")) > MAX_TERM_BYTES:
            reason = f"Document contains at least one immense term in field=[{name}]"
            raise RefusedError(PARSING, reason)

    def _is_ignored(self, term: str) -> bool:
        return self.ignore_above is not None and len(term) > self.ignore_above

    def _unparsed(self, name: str, why: str) -> RefusedError:
        return RefusedError(PARSING, f"failed to parse field [{name}] of type [{self.type}]: {why}")


def is_date(text: str, formats: str = _DEFAULT_FORMAT) -> bool:
    """Whether a text is a date in ISO 8601, or a number where the format counts from 1970."""
    if "epoch" in formats and text.removeprefix("-").isdecimal():
        return True
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day, hour, minute, second = (int(part or 1) for part in found.groups())
    with suppress(ValueError):  # not in the calendar
        datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # only a check
        return True
    return False


def _leaves(value: object, path: str, depth: int) -> Iterator[tuple[int, str, str]]:
    match value:
        case dict():
            for name, part in value.items():
                below = depth + isinstance(part, dict)
                yield from _leaves(part, f"{path}.{name}" if path else str(name), below)
        case list():
            for part in value:
                yield from _leaves(part, path, depth + isinstance(part, dict))
        case None:
            pass
        case bool():
            yield depth, path, str(value).lower()
        case _:
            yield depth, path, str(value)


def _whole(bits: int, *, signed: bool = True) -> Callable[[Field, object], bool]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def takes(_: Field, value: object) -> bool:
        number = _number(value)  # a fraction is cut off: coerce is on
        return number is not None and low <= int(number) <= high

    return takes


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    with suppress(ValueError, OverflowError):
        text = str(value)
        number = int(text) if text.removeprefix("-").isdecimal() else float(text)
        return number if abs(number) != float("inf") and number == number else None  # noqa: PLR0124  # not a number
    return None


def _is_ip(_: Field, value: object) -> bool:
    with suppress(ValueError):
        ip_address(value if isinstance(value, str) else "")
        return True
    return False


def _is_boolean(_: Field, value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false", "")


def _is_in_format(field: Field, value: object) -> bool:
    return not isinstance(value, bool) and is_date(str(value), field.format)


def _is_any(_: Field, __: object) -> bool:
    return True


def _is_number(_: Field, value: object) -> bool:
    return _number(value) is not None


_TERMS = frozenset({"keyword", "wildcard", "constant_keyword"})
_TAKES: dict[str, Callable[[Field, object], bool]] = {
    **dict.fromkeys(("text", "match_only_text", *_TERMS), _is_any),
    **dict.fromkeys(("double", "float", "half_float", "scaled_float"), _is_number),
    **dict.fromkeys(("date", "date_nanos"), _is_in_format),
    "byte": _whole(8),
    "short": _whole(16),
    "integer": _whole(32),
    "long": _whole(64),
    "unsigned_long": _whole(64, signed=False),
    "boolean": _is_boolean,
    "ip": _is_ip,
}
