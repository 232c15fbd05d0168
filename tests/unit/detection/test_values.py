"""How values compare; Sigma rules specification, "General", "Escaping", "Special Field Values"."""

import pytest

from eks_log_forwarder.detection.values import text_of
from tests.unit.detection_rules import fires, selects

CASE = [
    ("GET", "get", True),
    ("get", "GET", True),
    ("gEt", "GeT", True),
    ("get", "gets", False),
    ("STRASSE", "straße", True),
    ("\u0391\u03a3\u0391", "\u03b1\u03c3\u03b1", True),  # alpha sigma alpha
    ("\u0391\u03a3", "\u03b1\u03c2", True),  # alpha and a final sigma
    ("École", "éCOLE", True),
    ("get", " get", False),
    ("", "", True),
    ("", "x", False),
]
WILDCARDS = [
    ("g?t", "get", True),
    ("g?t", "gt", False),
    ("g?t", "geet", False),
    ("g*t", "gt", True),
    ("g*t", "great", True),
    ("g*t", "greats", False),
    ("*", "", True),
    ("?", "", False),
    ("?*", "x", True),
    ("*a*b*", "xxaxxbxx", True),
    ("*a*b*", "xxbxxaxx", False),
    ("a*a", "a", False),
    ("a*a", "aa", True),
    ("a**b", "ab", True),
    ("*ab?", "ababx", True),
    ("stra?e", "STRAßE", True),
    ("*?x", "x", False),
    ("a*b*c", "abbc", True),
    ("a*bc*c", "abc", False),
    ("*line*", "a\nline\nb", True),
]
# rule value, event value: the escapes that the specification lists, and what they stand for
ESCAPES = [
    (r"C:\tmp", r"C:\tmp", True),
    (r"C:\\tmp", r"C:\tmp", True),
    (r"a\*b", "a*b", True),
    (r"a\*b", "axb", False),
    (r"a\?b", "a?b", True),
    (r"a\?b", "axb", False),
    (r"a\\*", r"a\anything", True),
    (r"a\\*", "a*", False),
    (r"a\\\*", r"a\*", True),
    (r"a\\\*", r"a\x", False),
    (r"a\\\\b", r"a\\b", True),
    (r"a\\\b", r"a\\b", True),
    ("100%user%", "100%user%", True),
    ("a.b", "axb", False),
    ("[a]+(b)", "[a]+(b)", True),
]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(("wanted", "found", "expected"), [*CASE, *WILDCARDS, *ESCAPES])
def test_compares_texts(wanted: str, found: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Without case; ? is one character, * any number; a backslash takes the meaning from a wildcard."""
    assert selects(f"{{annotations.a: {_quoted(wanted)}}}", {"annotations": {"a": found}}) is expected


KINDS = [
    ("'403'", 403, True),
    ("403", "403", True),
    ("403", 403, True),
    ("'403'", 403.0, True),
    ("'4*'", 403, True),
    ("403", 4033, False),
    ("'true'", True, True),
    ("true", "TRUE", True),
    ("true", True, True),
    ("true", False, False),
    ("true", 1, False),
    ("1", True, False),
    ("1.5", 1.5, True),
    ("'false'", False, True),
    ("'*'", 0, True),
    ("'*'", False, True),
    ("'*'", {"a": 1}, True),
    ("'*'", {}, True),
    ("'*'", [], True),
    ("'*'", [{"a": 1}], True),
    ("'*'", "", True),
    ("'*'", None, False),
    ("'*'", [None], False),
    ("'?*'", {"a": 1}, False),
    ("a", {"a": 1}, False),
    ("null", None, True),
    ("null", "", False),
    ("null", 0, False),
    ("null", {}, False),
    ("null", [], False),
    ("null", [None, 1], True),
    ("null", "null", False),
    ("'null'", None, False),
    ("''", None, False),
    ("[null, '']", "", True),
    ("a", ["b", "A"], True),
    ("a", [["b"], [["a"]]], True),
]


@pytest.mark.parametrize(("wanted", "found", "expected"), KINDS)
def test_compares_values_of_every_kind(wanted: str, found: object, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Numbers and truth values compare as their texts; * is any value but null; null is null."""
    assert selects(f"{{requestObject.a: {wanted}}}", {"requestObject": {"a": found}}) is expected


ABSENT = [
    ("not {a: x}", True),
    ("not {a|contains: x}", True),
    ("not {a: null}", False),
    ("not {a: '*'}", True),
    ("not {a|exists: true}", True),
    ("not {a|exists: false}", False),
    ("not {a|gt: 1}", True),
    ("not {a|cidr: 10.0.0.0/8}", True),
    ("not {a|re: x}", True),
    ("not {a|fieldref: b}", True),
    ("{a: null}", True),
    ("{a: ''}", False),
    ("{a: '*'}", False),
    ("{a|neq: x}", True),
]


@pytest.mark.parametrize(("item", "expected"), ABSENT)
def test_takes_an_absent_field_for_null(item: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """For an absent field only null holds, so every negated test is true."""
    negation, selection = ("not ", item.removeprefix("not ")) if item.startswith("not ") else ("", item)
    assert fires(f"selection: {selection}\ncondition: {negation}selection", {"verb": "get"}) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (3.5, "3.5"),
        (None, None),
        ([], None),
        ({}, None),
        (b"x", None),
    ],
)
def test_reads_values_as_text(value: object, text: str | None) -> None:
    """Texts, numbers and truth values have a text; null, objects and lists have none."""
    assert text_of(value) == text


def test_reads_no_text_from_a_number_longer_than_python_prints() -> None:
    """A number of 5000 digits is beyond the interpreter's limit, and no reason to fail."""
    assert text_of(10**5000) is None
