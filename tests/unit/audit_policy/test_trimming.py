"""Trimming removes what the policy does not keep, and keeps all other bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.audit_policy import Action, Decision, Level, trim

METADATA = Decision(Action.TRIM, Level.METADATA, ("requestObject", "responseObject"))
REQUEST = Decision(Action.TRIM, Level.REQUEST, ("responseObject",))
SAME_LEVEL = Decision(Action.TRIM, None, ("requestObject", "responseObject"))
NO_MANAGED_FIELDS = Decision(Action.TRIM, omit_managed_fields=True)

ODD = ',"n":1.50,"e":1E5,"s":"\\u003cé/\\/","big":123456789012345678901234567890}'


@pytest.mark.parametrize(
    ("decision", "message", "trimmed"),
    [
        (
            METADATA,
            '{"kind":"Event","level":"RequestResponse","requestObject":{"a":1},"responseObject":{"b":2}'
            + ODD,
            '{"kind":"Event","level":"Metadata"' + ODD,
        ),
        (
            REQUEST,
            '{"level":"RequestResponse","requestObject":{"a": [1, 2]},"responseObject":null,"verb":"get"}',
            '{"level":"Request","requestObject":{"a": [1, 2]},"verb":"get"}',
        ),
        (REQUEST, '{"level":"RequestResponse","verb":"get"}', '{"level":"Request","verb":"get"}'),
        (SAME_LEVEL, '{"level":"Metadata","requestObject":{}}', '{"level":"Metadata"}'),
        (SAME_LEVEL, '{ "level": "Metadata", "verb": "get" }', '{ "level": "Metadata", "verb": "get" }'),
        (
            SAME_LEVEL,
            '{"level":"Metadata", "userAgent":"\\"requestObject\\""}',
            '{"level":"Metadata", "userAgent":"\\"requestObject\\""}',
        ),
        (METADATA, '{"verb":"get","requestObject":{}}', '{"verb":"get","level":"Metadata"}'),
        (METADATA, '{"verb": "get"}', '{"verb": "get"}'),
        (Decision(Action.KEEP), '{"requestObject":{}}', '{"requestObject":{}}'),
        (Decision(Action.DROP), '{"requestObject":{}}', '{"requestObject":{}}'),
    ],
)
def test_trims_bodies_and_rewrites_the_level(decision: Decision, message: str, trimmed: str) -> None:
    """The bodies are removed and the level is lowered; all other bytes stay."""
    assert trim(message, decision) == trimmed


META = '{"name":"a","managedFields":[{"manager":"kubectl"}],"uid":"u"}'
BARE = '{"name":"a","uid":"u"}'


@pytest.mark.parametrize(
    ("body", "stripped"),
    [
        (
            f'{{"kind":"Pod","metadata":{META},"spec":{{}}}}',
            f'{{"kind":"Pod","metadata":{BARE},"spec":{{}}}}',
        ),
        ('{"metadata":{"managedFields":null}}', '{"metadata":{}}'),
        (
            f'{{"kind":"PodList","metadata":{{}},"items":[{{"metadata":{META}}},{{"metadata":{BARE}}},1,null]}}',
            f'{{"kind":"PodList","metadata":{{}},"items":[{{"metadata":{BARE}}},{{"metadata":{BARE}}},1,null]}}',
        ),
        (
            f'{{"kind":"Table","rows":[{{"cells":["a"],"object":{{"metadata":{META}}}}},{{"object":null}},{{}}]}}',
            f'{{"kind":"Table","rows":[{{"cells":["a"],"object":{{"metadata":{BARE}}}}},{{"object":null}},{{}}]}}',
        ),
    ],
)
@pytest.mark.parametrize("place", ["requestObject", "responseObject"])
def test_omits_managed_fields_in_objects_items_and_rows(place: str, body: str, stripped: str) -> None:
    """The three places that the server clears, in either body."""
    message = '{{"level":"Request","verb":"update","{}":{},"stage":"Panic"}}'
    assert trim(message.format(place, body), NO_MANAGED_FIELDS) == message.format(place, stripped)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"spec": {{"template":{{"metadata":{META}}}}}}}',
        f'{{"kind":"Pod","rows":[{{"object":{{"metadata":{META}}}}}]}}',
        f'[{{"metadata":{META}}}]',
        f'{{"items":[{{"metadata":{BARE}}}], "kind":"PodList"}}',
        '{"metadata":"managedFields","items":"managedFields"}',
        f'{{"items":{{"metadata":{META}}}}}',
        '"managedFields"',
        "null",
    ],
)
def test_leaves_managed_fields_in_other_places(body: str) -> None:
    """Text that needs no change is returned as the same string."""
    message = f'{{"verb":"update", "requestObject":{body}, "annotations":{{"managedFields":""}}}}'
    assert trim(message, NO_MANAGED_FIELDS) is message


def test_leaves_the_request_body_of_a_patch() -> None:
    """The server logs a patch as the client sent it; the response is an ordinary object."""
    message = (
        f'{{"verb":"patch","requestObject":{{"metadata":{META}}},"responseObject":{{"metadata":{META}}}}}'
    )
    assert trim(message, NO_MANAGED_FIELDS) == (
        f'{{"verb":"patch","requestObject":{{"metadata":{META}}},"responseObject":{{"metadata":{BARE}}}}}'
    )


def test_strips_bodies_and_managed_fields_together() -> None:
    """A rule of level Request may omit managedFields as well."""
    decision = Decision(Action.TRIM, Level.REQUEST, ("responseObject",), omit_managed_fields=True)
    bodies = f'"requestObject":{{"metadata":{META}}},"responseObject":{{"metadata":{META}}}'
    assert (
        trim(f'{{"level":"RequestResponse",{bodies}}}', decision)
        == f'{{"level":"Request","requestObject":{{"metadata":{BARE}}}}}'
    )


@pytest.mark.parametrize(
    "message",
    [
        "",
        "managedFields requestObject",
        '["requestObject"]',
        '{"requestObject":{"a":1},"responseObject":{"a"[Truncated...]',
        '{"requestObject":' + "[" * 100_000,
        '{"requestObject":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"requestObject":1,"a":"\ud800"}',
    ],
)
def test_leaves_what_is_no_json_object(message: str) -> None:
    """Broken, other or deeply nested JSON is returned as the same string."""
    assert trim(message, METADATA) is message


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "managedFields", "items", "rows", "object", "kind"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "level": st.sampled_from(["Metadata", "Request", "RequestResponse"]),
        "verb": st.sampled_from(["get", "patch"]),
        "requestObject": _JSON,
        "responseObject": _JSON,
        "annotations": _JSON,
        "other": _JSON,
    },
)


def _without(value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401  # JSON values
    """An oracle in plain Python: take `path` out of a value, "*" standing for every item of a list."""
    match value, path:
        case dict(), (last,):
            return {key: one for key, one in value.items() if key != last}
        case dict(), (name, *rest) if name in value:
            return value | {name: _without(value[name], tuple(rest))}
        case list(), ("*", *rest):
            return [_without(one, tuple(rest)) for one in value]
    return value


@given(
    event=_EVENTS,
    decision=st.sampled_from([METADATA, REQUEST, SAME_LEVEL, NO_MANAGED_FIELDS]),
    ascii_only=st.booleans(),
)
def test_trimming_changes_nothing_but_what_is_promised(
    event: dict[str, Any], decision: Decision, *, ascii_only: bool
) -> None:
    """Any event comes out as valid JSON that differs in the bodies, the level and managedFields alone."""
    try:
        message = json.dumps(event, ensure_ascii=ascii_only)
        message.encode()
    except UnicodeEncodeError:
        return
    expected = {key: value for key, value in event.items() if key not in decision.strip}
    if decision.level and ("level" in event or len(expected) < len(event)):
        expected["level"] = decision.level.value
    if decision.omit_managed_fields:
        for place in ("requestObject", "responseObject"):
            if place in expected and not (place == "requestObject" and event.get("verb") == "patch"):
                body = _without(expected[place], ("metadata", "managedFields"))
                body = _without(body, ("items", "*", "metadata", "managedFields"))
                if isinstance(body, dict) and body.get("kind") == "Table":
                    body = _without(body, ("rows", "*", "object", "metadata", "managedFields"))
                expected[place] = body
    trimmed = json.loads(trim(message, decision))
    assert trimmed == expected
    assert list(trimmed) == list(expected)
