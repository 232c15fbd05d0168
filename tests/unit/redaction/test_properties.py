"""What redaction guarantees for any text: its structure, all other characters, and linear work."""

import json
import re
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder.redaction import redact
from tests import growth

MARKER = re.compile(r"\[REDACTED:(\d+)\]")

PIECES = [
    *(
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln",
        "eyJ",
        ".",
        "Bearer ",
        "bearer%20",
        "0paque",
        "k8s-aws-v1.",
    ),
    *(
        "Authorization: ",
        "Authorization",
        "Basic dXNlcjpw",
        "X-Amz-Signature=",
        "X-Amz-Security-Token",
        "%3D",
    ),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "\n",
        "MIIE",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0",
    ),
    *(
        "client-key-data",
        "access_token",
        "token",
        "=",
        ":",
        " ",
        "&",
        ",",
        "[",
        "]",
        "{",
        "}",
        '"',
        "\\",
        "\\u00e",
    ),
    *(
        "[REDACTED:3]",
        "[Truncated...]",
        "kind",
        "Secret",
        "data",
        "env",
        "name",
        "value",
        "PASSWORD",
        "/env",
        "é",
        "😀",
    ),
    *(
        '"requestObject":[',
        '"env":[{"name":"A_KEY","value":"',
        '"objectRef":{"resource":"secrets"}',
        '"kind":"Secret"',
    ),
]
words = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)
keys = (
    st.sampled_from(["kind", "data", "metadata", "env", "name", "value", "path", "requestObject", "token"])
    | words
)
values = st.recursive(
    words
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["Secret", "SecretList", "DB_PASSWORD"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4).map(json.dumps)
    ),
    max_leaves=12,
)


def _outline(value: object) -> object:
    """A JSON value with the content of its strings left out; keys stay."""
    if isinstance(value, dict):
        return {key: _outline(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_outline(item) for item in value]
    return "" if isinstance(value, str) else value


def _assert_only_markers_differ(text: str, redacted: str, count: int) -> None:
    """Walks both texts: at each new marker, as many characters of the text were left out as it says."""
    position = made = done = 0
    for marker in MARKER.finditer(redacted):
        between = redacted[done : marker.start()]
        assert text.startswith(between, position)
        position += len(between)
        done = marker.end()
        if text.startswith(marker.group(), position) and not _is_replacement(
            text, redacted, position, marker
        ):
            position += len(marker.group())
        else:
            position += int(marker[1])
            made += 1
    assert text[position:] == redacted[done:]
    assert made == count


def _is_replacement(text: str, redacted: str, position: int, marker: re.Match[str]) -> bool:
    """Whether a marker that the text has in the same place is nevertheless the start of what was removed."""
    rest = redacted[marker.end() : marker.end() + 1]
    return text[position + len(marker.group()) :][:1] != rest


@given(words)
def test_redacts_any_text_once(text: str) -> None:
    """No input raises, and a second pass changes nothing."""
    redacted, count = redact(text)
    assert (count == 0) == (redacted is text)
    assert redact(redacted)[0] == redacted


@given(words.filter(lambda text: "[REDACTED:" not in text))
def test_changes_nothing_outside_the_markers(text: str) -> None:
    """Each marker stands for exactly as many characters as it says, and the rest is the text's own."""
    redacted, count = redact(text)
    _assert_only_markers_differ(text, redacted, count)


@settings(max_examples=300)
@given(values, st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())
def test_keeps_json_valid_and_its_structure(
    body: object,
    separators: tuple[str, str],
    ascii_only: bool,  # noqa: FBT001  # drawn by hypothesis
) -> None:
    """Valid JSON keeps its keys, types and order, whatever is in its strings."""
    event = {"objectRef": {"resource": "secrets"}, "requestObject": body}
    text = json.dumps(event, separators=separators, ensure_ascii=ascii_only)
    redacted, _ = redact(text)
    assert _outline(json.loads(redacted)) == _outline(event)


@given(values, st.integers(min_value=0), st.booleans())
def test_redacts_any_cut_event(body: object, cut: int, marked: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
    """A text cut anywhere does not raise, keeps the mark of the cut, and a second pass changes nothing."""
    text = json.dumps({"requestObject": body})
    text = text[: cut % len(text)] + ("[Truncated...]" if marked else "")
    redacted, _ = redact(text)
    assert redacted.endswith("[Truncated...]") or not marked
    assert redact(redacted)[0] == redacted


PLANTED = "pl4nted+S3CRET/x="
planted = st.sampled_from(
    [
        {"kind": "Secret", "data": {"a": PLANTED}},
        {"stringData": {"nested": {"a": ["x", PLANTED]}}, "kind": "Secret"},
        {"kind": "SecretList", "items": [{"data": {"a": PLANTED}}]},
        {"env": [{"name": "LOG", "value": "a"}, {"name": "DB_PASSWORD", "value": f'{PLANTED} "\\\n'}]},
        {"env": [{"value": f'{{"{PLANTED}"}}', "name": "ApiKey"}]},
        {"Authorization": [f"Basic {PLANTED}"]},
        f"-H 'Authorization: Basic {PLANTED}'",
        f"https://example/?Action=x&X-Amz-Security-Token={PLANTED}&b=1",
        f"Bearer {PLANTED}",
        f"users:\n- user:\n    client-key-data: {PLANTED}\n",
        f"-----BEGIN EC PRIVATE KEY-----\n{PLANTED}\n-----END EC PRIVATE KEY-----\n",
        {"access_token": PLANTED},
        {"args": ["--api-token", PLANTED, "-v"]},
        {"command": ["sh", "-c", f"app --db-password='{PLANTED}' -v"]},
        {"adminPassword": PLANTED},
    ]
)


@settings(max_examples=300)
@given(planted, st.lists(st.tuples(keys, values, st.booleans()), max_size=5), st.booleans())
def test_finds_a_secret_wherever_it_is(
    secret: object,
    wrappings: list[tuple[str, object, bool]],
    first: bool,  # noqa: FBT001  # drawn by hypothesis
) -> None:
    """A planted secret does not survive among other values, behind other keys and as JSON in strings."""
    for key, other, as_text in wrappings:
        item = json.dumps(secret) if as_text else secret
        sibling = MARKER.sub("", json.dumps(other)).replace("[", "").replace("]", "")
        secret = {key: item, f"{key}'": sibling} if first else {f"{key}'": sibling, key: item}
    redacted, count = redact(json.dumps({"requestObject": secret}))
    assert PLANTED not in redacted
    assert count >= 1


# Beginnings of all that redaction looks for. Repeated, they make every search start often and end late.
ADVERSARIAL = [
    *(
        "eyJ",
        "eyJ.",
        "eyJa.a",
        "eyJa.a.a.a.a.",
        "eyJhbGci",
        "J",
        "k8s-aws-v1.",
        "Bearer ",
        "Bearer a",
        "earer",
    ),
    *(
        "%25",
        "k8s-aws-v1.%25",
        "eyJ%25",
        "Authorization: ",
        "Authorization: Basic a,",
        'Authorization":"',
        "uthorization",
    ),
    *(
        'Authorization":["',
        "X-Amz-Signature=",
        "X-Amz-S",
        "-----BEGIN PRIVATE",
        "-----BEGIN A PRIVATE KEY-----",
        "PRIVATE",
    ),
    *(
        "VK-----BEGIN ",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t\\n",
        "client-key-data",
        "client-key-data:",
        'token":"',
        "?token=",
    ),
    *(
        "\\",
        '"',
        '\\"',
        '"env":[',
        '"env":[{',
        '\\"env\\":[',
        '\\\\\\"env\\\\\\":[{',
        '"env":[{"name":"a","value":"b"},',
    ),
    *(
        '"env":[{"name":"a"',
        '"env":[{"value":"env\\',
        '"requestObject":[',
        '"requestObject":[{"path":"/env","value":',
    ),
    *(
        '"patch":[{"value":',
        "{",
        "[",
        '{"a":',
        '{"data":',
        '{"kind":"Secret","data":{"a":"',
        '"Secret"',
        '{"a":"{\\"a\\":',
    ),
    *(
        '"objectRef":{',
        '"objectRef":{"resource":"secrets"},"requestObject":{"data":{"a":"b"}},',
        '{"x":"[{',
        "/env",
        '"]}',
    ),
    *("[[1]],", "[],", '{"a":"b"},', '"a":"b",', '"a",', '"{\\"data', ",", ":", "\\\\", "\\n"),
    *("\\u0065", "\\u005c", "\\u005cu005c", "\\u0022", "\\\\u0065", "\\/", "\\u00"),
    *('"env":[{"value":"b","name":"A_KEY"}],', '\\"env\\":[[[[', '"httpHeaders":[{', '\\"patch\\":[[['),
    *(
        "-----BEGIN PRIVATE KEY-----\\nMII",
        "-----BEGIN PRIVATE KEY-----" + "A" * 60,
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t",
    ),
    *(
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t%2B",
        "https://a?token=b&",
        "BEARER ",
        "AUTHORIZATION: ",
        "x-amz-signature=",
    ),
    *('"Authorization":["a","a",', '_token":"a",', '"token":\\n'),
    *("@", "https://a:b@h,", "a:b@", "a@tcp(", "://", "%3A%2F%2Fa%3Ab%40", "a%40", "3A%2F%2F%40", "2F%40"),
    *(
        '"args":["--password","x"],',
        '"args":["a","b"],',
        '"command":["',
        '\\"args\\":[\\"-p',
        "mysql -p",
        "curl -u a:",
    ),
    *(
        "--password ",
        "--a=b=c=",
        "docker login -p a;",
        "DB_PASS=x ",
        "password: a\\n",
        "password",
        '"auth":"YTpi",',
    ),
    *(
        "ghp_",
        "SG.a",
        "UFJJVkFURSBLRV",
        "BSSVZBVEUgS0VZ\\n",
        "value",
        '"value":"x",',
        '{"name":"KEY","value":"x"},',
    ),
]
PREFIXES = {
    "secret": '{"objectRef":{"resource":"secrets"},"requestObject":{"x":"patch.webhook.admission.k8s.io",'
    '"data":{"a":',
    "string": '{"requestObject":{"kind":"Secret","a":"',
    "fragment": 'x","',
    "arguments": '{"requestObject":{"args":["',
}
SIZES = (400, 800, 1600)


@pytest.fixture(scope="module")
def counted_redact() -> Iterator[Callable[[str], object]]:
    """The function, with patterns that count what they read; small texts reach the bound on nesting too."""
    with growth.instrumented() as load:
        vars(load("eks_log_forwarder.redaction.json_tree"))["MAX_NESTING"] = 20
        yield load("eks_log_forwarder.redaction").redact


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_work_grows_linearly(counted_redact: Callable[[str], object], piece: str, prefix: str) -> None:
    """Twice the text costs twice the steps, characters read and memory."""

    def make(size: int) -> str:
        return PREFIXES[prefix] + piece * (size // len(piece)) + " eyJ VKJX"

    growth.assert_linear(make, counted_redact, sizes=SIZES)


@pytest.mark.parametrize(
    "form", ['{{"env":[{{"":"{:05}"}}]}},', '"k{:05}":"eyJ",', '{{"name":"{:05}","value":"{:05}"}},']
)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_work_grows_linearly_where_no_piece_is_like_another(
    counted_redact: Callable[[str], object], form: str, prefix: str
) -> None:
    """A piece that is compared with all pieces before it would cost more each time."""

    def make(size: int) -> str:
        pieces = (form.format(number, number) for number in range(size // len(form)))
        return PREFIXES[prefix] + "".join(pieces) + " eyJ"

    growth.assert_linear(make, counted_redact, sizes=SIZES)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_work_grows_linearly_for_json_in_strings(counted_redact: Callable[[str], object], depth: int) -> None:
    """Each depth of escaping is read once."""

    def make(size: int) -> str:
        text = '{"kind":"Secret","data":{"a":"b"},"env":[{"name":"KEY","value":"c"}]},' * (size // 70)
        for _ in range(depth):
            text = json.dumps({"metadata": {"annotations": {"last-applied": f"[{text}"}}})
        return '{"requestObject":' + text

    growth.assert_linear(make, counted_redact, sizes=SIZES)


@pytest.mark.parametrize(
    ("text", "most_megabytes"),
    [
        ('{"requestObject":{"kind":"Secret","data":{' + '"a":"b",' * 131_000, 60),
        ('{"requestObject":{"a":"' + "eyJa.a " * 150_000, 60),
        ('{"requestObject":{"kind":"Secret","a":[' + "[1]," * 262_000, 60),
        ('{"requestObject":{"kind":"Secret","a":"x' + "[" * 1_048_000, 20),
    ],
)
def test_a_megabyte_takes_bounded_memory(text: str, most_megabytes: int) -> None:
    """The longest event of CloudWatch Logs stays far below 120 MB."""
    tracemalloc.start()
    redact(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < most_megabytes * 1_000_000
