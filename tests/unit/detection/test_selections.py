"""Selections and conditions; Sigma rules specification, "Lists", "Maps", "Keywords search", "Condition"."""

import pytest

from tests.unit.detection_rules import fires, selects

MAPS = [
    ("{verb: get}", {"verb": "get"}, True),
    ("{verb: get}", {"verb": "list"}, False),
    ("{verb: get, level: Request}", {"verb": "get", "level": "Request"}, True),
    ("{verb: get, level: Request}", {"verb": "get", "level": "Metadata"}, False),
    ("{verb: get, level: Request}", {"verb": "get"}, False),
    ("{verb: [get, list]}", {"verb": "list"}, True),
    ("{verb: [get, list]}", {"verb": "watch"}, False),
    ("{verb: [get, list], level: [Request, Metadata]}", {"verb": "get", "level": "Metadata"}, True),
    ("{verb: [get, list], level: [Request, Metadata]}", {"verb": "get", "level": "None"}, False),
    ("{responseStatus.code: [401, 403]}", {"responseStatus": {"code": 403}}, True),
]

LISTS_OF_MAPS = [
    ("[{verb: get}, {verb: list}]", {"verb": "get"}, True),
    ("[{verb: get}, {verb: list}]", {"verb": "list"}, True),
    ("[{verb: get}, {verb: list}]", {"verb": "watch"}, False),
    ("[{verb: get, level: Request}, {verb: list}]", {"verb": "get", "level": "Metadata"}, False),
    ("[{verb: get, level: Request}, {verb: list}]", {"verb": "list", "level": "Metadata"}, True),
    ("[{verb: get}, {userAgent|contains: curl}]", {"verb": "list", "userAgent": "curl/8"}, True),
    ("[{verb: get}, {userAgent|contains: curl}]", {"verb": "list", "userAgent": "kubectl"}, False),
    ("[{verb: get}]", {"verb": "get"}, True),
    ("[secret, {verb: get}]", {"verb": "list", "x": "a secret"}, True),
    ("[secret, {verb: get}]", {"verb": "list", "x": "no match"}, False),
]

KEYWORDS = [
    ("[evilservice]", "the EvilService started", True),
    ("[EVILSERVICE]", "the EvilService started", True),
    ("[evilservice]", "nothing", False),
    ("[first, second]", "the second one", True),
    ("[first, second]", "the third one", False),
    ("{'|all': [first, second]}", "second before first", True),
    ("{'|all': [first, second]}", "only first", False),
    ("['ev?l*start']", "the evil one may start", True),
    ("['ev?l*start']", "start, evil", False),
    ("evil", "an evil line", True),
    ("['|', '\\*']", "a star * in text", True),
    ("{'|re': 'e[vw]il$'}", "so ewil", True),
    ("{'|re': 'E[vw]il$'}", "so ewil", False),
    ("[403]", '{"code":403}', True),
    ("[true]", '{"x":True}', True),
    ("{'|cased': [Evil]}", "an evil line", False),
]


@pytest.mark.parametrize(("selection", "event", "expected"), MAPS)
def test_joins_the_fields_of_a_map_with_and(selection: str, event: dict[str, object], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """A map holds if each of its fields holds, by one value of its list."""
    assert selects(selection, event) is expected


@pytest.mark.parametrize(("selection", "event", "expected"), LISTS_OF_MAPS)
def test_joins_the_maps_of_a_list_with_or(selection: str, event: dict[str, object], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """A list of maps holds if one of them holds; a text in the list is a keyword."""
    assert selects(selection, event) is expected


@pytest.mark.parametrize(("selection", "message", "expected"), KEYWORDS)
def test_finds_keywords_in_the_raw_text(selection: str, message: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """A keyword is found anywhere in the raw text, in any case; the text need not be JSON."""
    assert selects(selection, message) is expected


A, B, C = {"verb": "get"}, {"level": "Request"}, {"userAgent": "curl"}
SELECTIONS = (
    "sel_a: {verb: get}\nsel_b: {level: Request}\nother: {userAgent: curl}\n_hidden: {verb: get}\ncondition: "
)
CONDITIONS = [
    ("sel_a and sel_b", A | B, True),
    ("sel_a and sel_b", A, False),
    ("sel_a or sel_b", B, True),
    ("sel_a or sel_b", C, False),
    ("not sel_a", B, True),
    ("not sel_a", A, False),
    ("sel_a and not sel_b", A, True),
    ("sel_a and not sel_b", A | B, False),
    ("1 of sel_*", B, True),
    ("1 of sel_*", C, False),
    ("all of sel_*", A | B, True),
    ("all of sel_*", A | C, False),
    ("1 of them", C, True),
    ("all of them", A | B | C, True),
    ("all of them", A | B, False),
    ("1 of *_a", A, True),
    ("any of sel_*", B, True),
    ("sel_a or sel_b and other", A, True),
    ("(sel_a or sel_b) and other", A, False),
    ("(sel_a or sel_b) and other", B | C, True),
    ("not 1 of sel_*", C, True),
    ("not (sel_a and sel_b)", A, True),
    ("[sel_a, other]", C, True),
    ("[sel_a, other]", B, False),
]


@pytest.mark.parametrize(("condition", "event", "expected"), CONDITIONS)
def test_follows_the_condition(condition: str, event: dict[str, object], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """`not` binds before `and`, and that before `or`; patterns take the names they fit; a list is `or`."""
    assert fires(SELECTIONS + condition, event) is expected


def test_leaves_underscored_names_out_of_them() -> None:
    """`1 of them` does not count `_hidden`, which this event would match."""
    detection = "other: {userAgent: curl}\n_hidden: {verb: get}\ncondition: 1 of them"
    assert not fires(detection, A)
