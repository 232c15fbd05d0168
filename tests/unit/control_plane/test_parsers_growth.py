"""No line makes a parser, the policy or a format do more than linear work."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import growth

KLOG = "I0506 07:08:09.123456      11 server.go:77] "
LOGRUS = "time=x level=info msg=y "
AUDIT = '{"auditID":"a","verb":"get","objectRef":{"resource":"pods"},"requestURI":"/api/v1/pods",'
FIT_ERROR = "0/3 nodes are available: "
NOW_MS = 1_714_979_289_000

type Load = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    """The package, with patterns that count."""
    with growth.instrumented() as load:
        yield load


def stages_of(load: Load) -> dict[str, Callable[[str], object]]:
    """Return the stages that look at a text, by name."""
    control_plane = "eks_log_forwarder.control_plane"
    klog = load(f"{control_plane}.klog").parse_klog
    audit = load(f"{control_plane}.audit")
    target_of = load("eks_log_forwarder.audit_policy.request_target").target_of
    patterns_of = load("eks_log_forwarder.audit_policy.rule").patterns_of
    without_managed_fields = load("eks_log_forwarder.audit_policy.managed_fields").without_managed_fields
    raw = load("msgspec").Raw
    is_deep = load("eks_log_forwarder.record.formats")._is_deep  # noqa: SLF001  # counts what it reads
    return {
        "klog": lambda text: klog(text, NOW_MS),
        "klog JSON": lambda text: load(f"{control_plane}.klog_json").parse_klog_json(str.__str__(text)),
        "authenticator": load(f"{control_plane}.authenticator").parse_authenticator,
        "scheduling": load(f"{control_plane}.scheduling").parse_scheduling,
        "URI": lambda text: target_of(
            audit.AuditHeader(request_uri=text, verb="list"), audit.ObjectRef(resource="pods")
        ),
        "resource": lambda text: patterns_of(text, text),
        "managed fields": lambda text: without_managed_fields(raw(str.__str__(text).encode())),
        "levels": lambda text: is_deep(text.encode()),
    }


TEXTS = {
    "klog": [
        (KLOG, unit)
        for unit in (
            *(
                'a="b" ',
                'a="b"c=',
                "a=[{ ",
                "a=[b] ",
                "a=<\n\tb\n > ",
                "a=<\n",
                'a="\\x41',
                'a="\\',
                "a.go:1",
            ),
            *('"', "\\", "::", ": ", " ", "=", 'k="', "Trace[1]: ", '"x" k=', "[", "&{a:[b ", "\n", "é"),
        )
    ],
    "authenticator": [
        (LOGRUS, unit)
        for unit in ('error="', 'error="{\\"Error\\":[', "groups=[a ", "a ", "x=1 ", 'x="y', '=""')
    ]
    + [(f'{LOGRUS}error="{{\\"Error\\":', unit) for unit in ("[", "{}", "[[],", "1,", '\\"a\\",')]
    + [(f'{LOGRUS}groups="[', "ab ")],
    "klog JSON": [
        ('{"msg":"x",', unit) for unit in ('"a":1,', '"a":[', '"a":{"b":', '"\\u00e9":"\\ud83d",', '"')
    ],
    "scheduling": [
        (FIT_ERROR, unit)
        for unit in ("1 a, ", ", ", ", 1 ", "0/3 nodes are available: ", "preemption: ", ". ", "0/3 ", ".")
    ],
    "URI": [
        (prefix, unit)
        for prefix in ("", "/api/v1/namespaces/", "/api/v1/pods?", "/api/v1/pods?fieldSelector=")
        for unit in (
            "/",
            "a/",
            "%2F",
            "a=b&",
            "&",
            "=",
            "field%53elector",
            "metadata.name=",
            ",",
            "\\,",
            "..",
        )
    ],
    "resource": [("", "a"), ("", "/")],
    "managed fields": [
        ('{"items":[', "{},"),
        ('{"items":[', '{"metadata":{"managedFields":[]}},'),
        ('{"kind":"Table","rows":[', '{"object":{"metadata":{"managedFields":1}}},'),
    ],
    # with fewer brackets than the levels that are allowed, a text is not looked at
    "levels": [("[" * 21, unit) for unit in ("[]", '""', "\\\\", '{"a":', '\\"', "[")],
}
CLOSING = {
    ('{"items":[', "{},"): "{}]}",
    ('{"items":[', '{"metadata":{"managedFields":[]}},'): "{}]}",
    ('{"kind":"Table","rows":[', '{"object":{"metadata":{"managedFields":1}}},'): "{}]}",
}


@pytest.mark.parametrize(
    ("stage", "prefix", "unit"),
    [(stage, prefix, unit) for stage, texts in TEXTS.items() for prefix, unit in texts],
)
def test_work_is_linear_in_a_repeated_fragment(stage: str, prefix: str, unit: str, load: Load) -> None:
    """Each fragment opens, closes or escapes something that a scan could start again from."""
    end = CLOSING.get((prefix, unit), "")
    growth.assert_linear(
        lambda size: prefix + unit * (size // len(unit)) + end,
        stages_of(load)[stage],
        sizes=(500, 1000, 2000),
        counted_text=stage not in {"klog JSON", "managed fields"},
    )


FRAGMENTS = st.sampled_from(
    [
        *"\"\\=[]{}:/.,%&? \n\t<>'",
        *("a", "1", 'k="', "level=", ' err="', "0/3 nodes are available:", "\\x41", "é"),
    ]
)


@pytest.mark.parametrize("stage", ["klog", "authenticator", "scheduling", "URI", "levels"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_work_is_linear_in_any_repeated_garbage(stage: str, load: Load, data: st.DataObject) -> None:
    """The text is a header of the stage, a head of fragments, and a repeated tail of fragments."""
    header = data.draw(st.sampled_from([prefix for prefix, _ in TEXTS[stage]]))
    head, tail = ("".join(data.draw(st.lists(FRAGMENTS, min_size=1, max_size=6))) for _ in range(2))
    growth.assert_linear(
        lambda size: header + head + tail * (size // len(tail)),
        stages_of(load)[stage],
        sizes=(400, 800, 1600),
    )
