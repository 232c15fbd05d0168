"""Value modifiers; Sigma modifiers appendix 2.x."""

import base64

import pytest

from tests.unit.detection_rules import selects

AGENT = {"userAgent": "Kubectl/v1.30 (linux/amd64) --as-user=Root"}
TEXT = [
    ("{userAgent|contains: v1.30}", True),
    ("{userAgent|contains: KUBECTL}", True),
    ("{userAgent|contains: helm}", False),
    ("{userAgent|contains: [helm, linux]}", True),
    ("{userAgent|contains: 'v1*amd'}", True),
    ("{userAgent|contains: 'amd*v1'}", False),
    ("{userAgent|contains: 'v1?30'}", True),
    ("{userAgent|contains: ''}", True),
    ("{verb|contains: ''}", False),
    ("{userAgent|contains: 'v1??30'}", False),
    ("{userAgent|startswith: kubectl/}", True),
    ("{userAgent|startswith: 'k?bectl/'}", True),
    ("{userAgent|startswith: 'k*(linux'}", True),
    ("{userAgent|startswith: v1.30}", False),
    ("{userAgent|startswith: [helm, KUBE]}", True),
    ("{userAgent|startswith: 'kubectl/v1.30 (linux/amd64) --as-user=root'}", True),
    ("{userAgent|startswith: 'kubectl/v1.30 (linux/amd64) --as-user=root!'}", False),
    ("{userAgent|startswith: ' kubectl'}", False),
    ("{userAgent|startswith: '*linux'}", True),
    ("{userAgent|startswith: '*darwin'}", False),
    ("{userAgent|endswith: root}", True),
    ("{userAgent|endswith: '=r??t'}", True),
    ("{userAgent|endswith: 'user*root'}", True),
    ("{userAgent|endswith: kubectl}", False),
    ("{userAgent|endswith: [user, ROOT]}", True),
    ("{userAgent|endswith: 'roo'}", False),
    ("{userAgent|endswith: '/amd64) --as-user=root'}", True),
    ("{userAgent|endswith: 'root*'}", True),
    ("{userAgent|endswith: 'linux*'}", True),
    ("{userAgent|endswith: 'darwin*'}", False),
    ("{userAgent|contains|all: [kubectl, root]}", True),
    ("{userAgent|contains|all: [root, kubectl]}", True),
    ("{userAgent|contains|all: [kubectl, helm]}", False),
    ("{userAgent|contains|all: [helm, kubectl]}", False),
    ("{userAgent|all: ['kube*', '*root']}", True),
    ("{userAgent|all: ['kube*', 'root*']}", False),
    ("{userAgent|startswith|all: [kube, kubectl]}", True),
    ("{userAgent|endswith|all: [root, oot]}", True),
    ("{userAgent|re|all: ['^Kube', 'Root$']}", True),
    ("{userAgent|re|all: ['^Kube', 'root$']}", False),
    ("{userAgent|cased: 'Kubectl*'}", True),
    ("{userAgent|cased: 'kubectl*'}", False),
    ("{userAgent|contains|cased: Root}", True),
    ("{userAgent|contains|cased: root}", False),
    ("{userAgent|cased|contains: Root}", True),
    ("{userAgent|cased|contains: root}", False),
    ("{userAgent|startswith|cased: Kube}", True),
    ("{userAgent|startswith|cased: kube}", False),
    ("{userAgent|endswith|cased: '=R??t'}", True),
    ("{userAgent|endswith|cased: '=r??t'}", False),
    ("{userAgent|re: 'v1\\.[0-9]+'}", True),
    ("{userAgent|re: kubectl}", False),
    ("{userAgent|re: Kubectl}", True),
    ("{userAgent|re|i: kubectl}", True),
    ("{userAgent|re: '^v1'}", False),
    ("{userAgent|re: 'Root$'}", True),
    ("{userAgent|re: '(helm|linux)/'}", True),
    ("{userAgent|re: ['helm', 'a{2}']}", False),
    ("{userAgent|re: 'amd[0-9]{2}'}", True),
    ("{userAgent|re: 'a.{1,2}64'}", True),
    ("{userAgent|neq: helm}", True),
    ("{userAgent|neq: [helm, 'kubectl*']}", False),
    ("{userAgent|contains|neq: helm}", True),
    ("{userAgent|contains|neq: linux}", False),
    ("{userAgent|re|neq: '^Kube'}", False),
    ("{verb|neq: get}", True),
    ("{userAgent|neq: 'kubectl/v1.30 (linux/amd64) --as-user=root'}", False),
    ("{userAgent|contains|all|neq: [kubectl, helm]}", True),
    ("{userAgent|contains|all|neq: [kubectl, root]}", False),
    ("{userAgent|neq: null}", True),
    ("{verb|neq: null}", False),
]
LINES = {"userAgent": "first\nsecond"}
FLAGS = [
    ("{userAgent|re: '^second'}", False),
    ("{userAgent|re|m: '^second'}", True),
    ("{userAgent|re|multiline: 'first$'}", True),
    ("{userAgent|re: 'first$'}", False),
    ("{userAgent|re: 'first.second'}", False),
    ("{userAgent|re|s: 'first.second'}", True),
    ("{userAgent|re|dotall: 'FIRST.second'}", False),
    ("{userAgent|re|i|s: 'FIRST.second'}", True),
    ("{userAgent|re|ignorecase|m: '^SECOND$'}", True),
    ("{userAgent|re|i: 'FIRST.second'}", False),
]
WINDASH = [
    ("run -enc x", True),
    ("run /enc x", True),
    ("run –enc x", True),  # noqa: RUF001  # an en dash is the point
    ("run —enc x", True),
    ("run ―enc x", True),
    ("run +enc x", False),
    ("run enc x", False),
    ("RUN /ENC X", True),
    ("run --enc x", False),
    ("run \\enc x", False),
]
NUMBERS = [
    ("{responseStatus.code|lt: 404}", True),
    ("{responseStatus.code|lt: 403}", False),
    ("{responseStatus.code|lte: 403}", True),
    ("{responseStatus.code|lte: 402}", False),
    ("{responseStatus.code|gt: 402}", True),
    ("{responseStatus.code|gt: 403}", False),
    ("{responseStatus.code|gte: 403}", True),
    ("{responseStatus.code|gte: 404}", False),
    ("{responseStatus.code|gte: 402.5}", True),
    ("{responseStatus.code|neq: 403}", False),
    ("{responseStatus.code|neq: 404}", True),
    ("{annotations.took|lt: 10}", True),
    ("{annotations.took|gt: 9.4}", True),
    ("{annotations.word|gt: 0}", False),
    ("{annotations.flag|gte: 1}", False),
    ("{annotations.none|lt: 1}", False),
]
ADDRESSES = [
    ("10.0.0.0/8", ["10.1.2.3"], True),
    ("10.0.0.0/8", ["11.1.2.3"], False),
    ("10.0.0.0/8", ["11.1.2.3", "10.255.255.255"], True),
    ("10.1.2.3/32", ["10.1.2.3"], True),
    ("10.1.2.3", ["10.1.2.4"], False),
    ("2001:db8::/32", ["2001:db8:ffff::1"], True),
    ("2001:db8::/32", ["2001:db9::1"], False),
    ("10.0.0.0/8", ["::ffff:10.1.2.3"], True),
    ("10.0.0.0/8", ["not an address"], False),
    ("0.0.0.0/0", ["::1"], False),
    ("[10.0.0.0/8, 192.168.0.0/16]", ["192.168.4.4"], True),
    ("10.0.0.0/8", [], False),
]
EXISTS = [
    ("{objectRef.name|exists: true}", {"objectRef": {"name": "a"}}, True),
    ("{objectRef.name|exists: true}", {"objectRef": {}}, False),
    ("{objectRef.name|exists: true}", {}, False),
    ("{objectRef.name|exists: true}", {"objectRef": {"name": ""}}, True),
    ("{objectRef.name|exists: true}", {"objectRef": {"name": None}}, True),
    ("{objectRef.name|exists: false}", {"objectRef": {}}, True),
    ("{objectRef.name|exists: false}", {"objectRef": {"name": None}}, False),
    ("{objectRef.name|exists: false}", {"objectRef": {"name": ""}}, False),
    ("{objectRef|exists: true}", {"objectRef": {}}, True),
    ("{user.groups|exists: true}", {"user": {"groups": []}}, True),
    ("{user.groups|exists: false}", {"user": {}}, True),
]
REFERENCES = [
    ("{user.username|fieldref: objectRef.name}", True),
    ("{user.username|fieldref: objectRef.namespace}", False),
    ("{user.username|fieldref: objectRef.uid}", False),
    ("{objectRef.uid|fieldref: user.username}", False),
    ("{requestURI|fieldref|contains: objectRef.name}", True),
    ("{requestURI|fieldref|startswith: annotations.prefix}", True),
    ("{requestURI|fieldref|startswith: objectRef.name}", False),
    ("{requestURI|fieldref|endswith: user.username}", True),
    ("{requestURI|fieldref|endswith: annotations.prefix}", False),
    ("{user.groups|fieldref: annotations.group}", True),
    ("{user.username|fieldref|neq: objectRef.name}", False),
    ("{user.username|fieldref|neq: objectRef.namespace}", True),
    ("{responseStatus.code|fieldref: annotations.code}", True),
]
REFERRED = {
    "user": {"username": "alice", "groups": ["dev", "ops"]},
    "objectRef": {"name": "ALICE", "namespace": "bob"},
    "requestURI": "/users/alice",
    "annotations": {"prefix": "/users", "group": "Ops", "code": "403"},
    "responseStatus": {"code": 403},
}


@pytest.mark.parametrize(("selection", "expected"), TEXT)
def test_modifies_texts(selection: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """contains, startswith, endswith, all, cased, re and neq, alone and together."""
    assert selects(selection, AGENT) is expected


@pytest.mark.parametrize(("selection", "expected"), FLAGS)
def test_passes_flags_to_regular_expressions(selection: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Flag m is for ^ and $ at line ends, s for a dot that matches them, i for any case."""
    assert selects(selection, LINES) is expected


@pytest.mark.parametrize(("text", "expected"), WINDASH)
def test_takes_any_dash_for_windash(text: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """The dash of a flag may be -, /, an en or em dash or a horizontal bar."""
    assert selects("{userAgent|contains|windash: 'n -enc'}", {"userAgent": text}) is expected


@pytest.mark.parametrize(("selection", "expected"), NUMBERS)
def test_compares_numbers(selection: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Numbers compare as numbers, in texts too; anything else is neither less nor greater."""
    annotations = {"took": "9.5", "word": "nine", "flag": True}
    assert selects(selection, {"responseStatus": {"code": 403}, "annotations": annotations}) is expected


@pytest.mark.parametrize(("networks", "addresses", "expected"), ADDRESSES)
def test_finds_addresses_in_networks(networks: str, addresses: list[str], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """One of the addresses is in one of the networks, of either version."""
    assert selects(f"{{sourceIPs|cidr: {networks}}}", {"sourceIPs": addresses}) is expected


@pytest.mark.parametrize(("selection", "event", "expected"), EXISTS)
def test_tells_whether_a_field_exists(selection: str, event: dict[str, object], expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Only the field's presence counts, even if its value is empty or null."""
    assert selects(selection, event) is expected


@pytest.mark.parametrize(("selection", "expected"), REFERENCES)
def test_compares_fields_with_each_other(selection: str, expected: bool) -> None:  # noqa: FBT001  # a table's column
    """Fieldref compares with the values of another field, without case; an absent field equals nothing."""
    assert selects(selection, REFERRED) is expected


@pytest.mark.parametrize("text", ["a", "ab", "abc", "abcd", "kubectl exec", "*", "\\", "ü", "a?b", "x" * 100])
def test_compares_with_the_base64_form(text: str) -> None:
    """base64 is the whole value encoded; the plain text itself does not match."""
    selection = "{userAgent|base64: '" + text.replace("*", "\\*").replace("?", "\\?") + "'}"
    encoded = base64.b64encode(text.encode()).decode()
    assert selects(selection, {"userAgent": encoded})
    assert not selects(selection, {"userAgent": text})


@pytest.mark.parametrize(
    "before", ["", "1", "12", "123", "1234", "ü", "a longer beginning", " ", "12345", "\n"]
)
def test_finds_the_base64_form_at_any_offset(before: str) -> None:
    """base64offset finds a text at any offset of the encoded text."""
    encoded = base64.b64encode(f"{before}/bin/bash -i{before}".encode()).decode()
    assert selects("{userAgent|base64offset|contains: /bin/bash}", {"userAgent": encoded})
    assert not selects("{userAgent|base64offset|contains: /bin/zsh}", {"userAgent": encoded})
