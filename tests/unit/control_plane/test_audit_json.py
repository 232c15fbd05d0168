"""The decoder for what other decoders refuse: cut, deep and faulty JSON, and numbers of any length."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.control_plane.audit_bounds import MAX_DEPTH, MAX_VALUES
from eks_log_forwarder.control_plane.audit_json import Decoded, decode_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
CONTAINERS = st.lists(VALUES, max_size=4) | st.dictionaries(TEXTS, VALUES, max_size=4)


@given(value=CONTAINERS, ascii_only=st.booleans(), indent=st.sampled_from([None, 0, 3, "\t\r"]))
def test_reads_what_the_standard_library_writes(
    value: Any,  # noqa: ANN401  # JSON
    ascii_only: bool,  # noqa: FBT001  # drawn
    indent: int | str | None,
) -> None:
    """Any JSON, escaped or not and with any white space, is whole and comes out as it was."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert decode_json(text) == Decoded(value, whole=True, closed=True, open_member=None)


@given(value=CONTAINERS, cut=st.integers(0, 10_000))
def test_keeps_what_is_complete_before_a_cut(value: Any, cut: int) -> None:  # noqa: ANN401  # JSON
    """Cut anywhere, a text is not whole, and every value that came out is one that was there."""
    text = json.dumps(value)
    beginning = text[: cut % len(text)]
    decoded = decode_json(beginning)
    assert not decoded.whole
    assert not decoded.closed
    assert decoded.value is None or is_part_of(decoded.value, value)


def is_part_of(part: object, whole: object) -> bool:
    """Whether a value is the other one without some of its last members."""
    if isinstance(part, list) and isinstance(whole, list):
        pairs = list(zip(part, whole, strict=False))
        return len(part) <= len(whole) and all(is_part_of(one, other) for one, other in pairs)
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and is_part_of(value, whole[key]) for key, value in part.items())
    return part == whole and type(part) is type(whole)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1,"b":{"c":"d","e":"f', {"a": 1, "b": {"c": "d"}}),
        ('{"a":1,"b":23', {"a": 1}),
        ('{"a":1,"b":2e', {"a": 1}),
        ('{"a":1,"b":-', {"a": 1}),
        ('{"a":[1,{"b":true', {"a": [1, {"b": True}]}),
        ('{"a":[1,{"b":tru', {"a": [1, {}]}),
        (r'{"a":1,"b":"x\u00', {"a": 1}),
        ('{"a":1,"b":"x\\', {"a": 1}),
        (r'{"a":1,"b\u0063":', {"a": 1}),
        ('{"a":1,"b"', {"a": 1}),
        ('{"a":[', {"a": []}),
        ("{", {}),
        (" ", None),
        ("tex", None),
    ],
)
def test_a_value_that_the_cut_went_through_is_absent(text: str, value: object) -> None:
    """A text, number, literal or key that may go on behind the cut is left out."""
    assert decode_json(text).value == value


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("-0.0", -0.0),
        ("12", 12),
        ("-7", -7),
        ("1.5E+3", 1500.0),
        ("2e-2", 0.02),
        ("9" * 300, int("9" * 300)),
        ("1" + "0" * 305, 1e305),
        ("9" * 4301, math.inf),
        ("-" + "9" * 100_000, -math.inf),
        ("1e999999999999", math.inf),
        ("1e-999999999999", 0.0),
        ("0." + "1" * 5000, 1 / 9),
    ],
)
def test_reads_numbers_that_the_api_server_takes(number: str, value: float) -> None:
    """Every number of JSON's grammar is read, whatever its length."""
    decoded = decode_json(f'{{"n":{number},"after":"read"}}')
    assert decoded == Decoded({"n": value, "after": "read"}, whole=True, closed=True, open_member=None)
    assert isinstance(decoded.value, dict)
    assert type(decoded.value["n"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *('{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":1e}', '{"a":NaN}', '{"a":-Infinity}'),
        *('{"a":1,}', '{"a" 1}', '{"a":1]', "{a:1}", '["a",]', "[,1]", '["a" "b"]', "[1}", '{"a"}', '{"a":}'),
        *(
            '{"a":1}}',
            '{"a":1} {"b":2}',
            '{"a":1},',
            '{"a":1}x',
            '{"a":"x\ty"}',
            '{"a\n":1}',
            r'{"a":"\x41"}',
        ),
        *('{"a":nul}', '{"a":truer}', "{,}", "[[1]", "['a']", '{"a":1;"b":2}'),
    ],
)
def test_faulty_json_is_not_whole(text: str) -> None:
    """Text that RFC 8259 forbids is not whole; the standard library's strict decoder agrees."""
    assert not decode_json(text).whole


def test_reads_as_deep_as_go_does() -> None:
    """10,000 values within each other are read; one more is not."""
    deep = {opening: '{"a":' if opening == "{" else opening for opening in "[{"}
    for opening, closing in ("[]", "{}"):
        for depth, whole in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
            text = deep[opening] * depth + ("1" if opening == "{" else "") + closing * depth
            assert decode_json(text).whole is whole


def test_reads_a_bounded_number_of_values() -> None:
    """120,000 values are read with their list; of a longer list, only the first are there."""
    full = decode_json("[" + ",".join("1" * (MAX_VALUES - 1)) + "]")
    over = decode_json("[" + ",".join("1" * 500_000) + "]")
    assert (full.whole, over.whole, over.closed) == (True, False, False)
    assert isinstance(over.value, list)
    assert len(over.value) == MAX_VALUES - 1 == 119_999


def test_names_the_member_that_did_not_end() -> None:
    """Half a member of the outermost object is known by its key, also if the key is there twice."""
    assert decode_json('{"a":{"b":1},"c":[1,2').open_member == "c"
    assert decode_json('{"a":{"b":1},"c":[],"a":{"b').open_member == "a"
    assert decode_json('{"a":{"b":1},"c":"x').open_member is None
    assert decode_json('{"a":{"b":1}}').open_member is None


def test_joins_surrogates_and_replaces_lone_ones() -> None:
    """Pairs become one character, a half becomes U+FFFD, in keys and values."""
    assert decode_json(r'{"\ud83d\ude00":"\ud83d\ude00","\ud800":["\udc00x","\u00e9"]}').value == {
        "😀": "😀",
        "�": ["�x", "é"],
    }
    assert decode_json('{"a":"\ud800"}').value == {"a": "�"}
