"""`make report` from the command line, from CloudWatch, and as a page that loads nothing."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, override

import pytest
from rich.console import Console

from tests.stubbed_aws import StubbedAws
from tests.unit.detection_rules import rule_text
from tests.unit.tools.report_lines import DENIED, PENDING, audit_line
from tools.aws_reading import Reader
from tools.errors import ToolError
from tools.report import __main__ as command
from tools.report.cloudwatch import Scan, plan, read_lines
from tools.report.plots import grouped, stacked

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR_MS = 3_600_000
GROUP = "/aws/eks/prod/cluster"
SECRETS = {"verb": "list", "objectRef": {"resource": "secrets"}}
VOID = {"meta", "path", "use", "br", "wbr", "stop"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and collects what a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "data"} and value and not value.startswith("#"):
                self.loads.append(value)
            if name == "id" and value:
                self.ids.append(value)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with one rule."""
    folder = tmp_path / "rules"
    folder.mkdir()
    rule = rule_text("s: {verb: list, objectRef.resource: secrets}\ncondition: s", more="level: high")
    (folder / "secrets.yml").write_text(rule, encoding="utf-8")
    return folder


@pytest.fixture
def run(rules: Path, tmp_path: Path) -> Callable[..., int]:
    """Runs the command line with one rule, at NOW; the page goes to page.html."""
    out = ["--out", str(tmp_path / "out" / "page.html")]
    return lambda *arguments: command.main([*arguments, *out, "--rules", str(rules)], clock=lambda: NOW)


def lines_in(folder: Path, *lines: str) -> str:
    """A file of lines."""
    path = folder / "lines.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_the_page_is_whole_and_loads_nothing(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each section has its figures; every element is closed; no id occurs twice."""
    source = lines_in(
        tmp_path,
        audit_line(**SECRETS),
        audit_line(responseStatus={"code": 429}),
        audit_line(responseStatus={"code": 403}),
        DENIED,
        PENDING,
    )
    assert run(source) == 0
    path = tmp_path / "out" / "page.html"
    assert capsys.readouterr().out.splitlines() == [
        "high                1  secrets.yml",
        f"5 lines, 1 of 1 rules matched: {path}",
    ]
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    page.close()
    assert (page.open, page.loads) == ([], [])
    assert len(set(page.ids)) == len(page.ids)
    assert text.count("<svg") == 4
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{name}" for name in page.ids}
    shown = " ".join(" ".join(page.texts).split())
    for words in ("Insufficient cpu", "ARN is not mapped", "10.0.0.7", "condition: not selection"):
        assert words in shown


def test_a_client_cannot_write_into_the_page(run: Callable[..., int], tmp_path: Path) -> None:
    """Names of users, verbs and pods are escaped, in tables and in plots."""
    attack = "</svg><script>alert(1)</script>"
    source = lines_in(
        tmp_path,
        audit_line(user={"username": attack}, verb=attack, userAgent=attack, responseStatus={"code": 429}),
        audit_line(user={"username": attack}, **SECRETS),
        PENDING.replace("shop/cart", f"shop/{attack}"),
    )
    assert run(source) == 0
    text = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "alert(1)" in text


def test_json_alone_is_printed(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For scripts: no page is written."""
    assert run(lines_in(tmp_path, audit_line(**SECRETS), DENIED), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lines"], found["made_at"], found["detections"]["by_rule"][0]["hits"]) == (
        2,
        "2026-01-14 12:00:00",
        1,
    )
    assert list(found["audit_policies"]["policies"]) == ["quiet", "security"]
    assert not (tmp_path / "out").exists()


def test_the_page_says_what_a_month_costs(run: Callable[..., int], tmp_path: Path) -> None:
    """Every part of the bill; with too few lines it says why there is none."""
    later = audit_line(stageTimestamp="2026-01-14T10:30:00.000000Z")
    assert run(lines_in(tmp_path, audit_line(), later)) == 0
    text = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "What does a month of this cost?" in text
    assert "taking in the control-plane logs" in text
    assert "no base for a month" not in text
    assert run(lines_in(tmp_path, audit_line())) == 0
    assert "no base for a month" in (tmp_path / "out" / "page.html").read_text(encoding="utf-8")


def test_no_lines_make_a_page_too(run: Callable[..., int], tmp_path: Path) -> None:
    """It says that there is nothing."""
    assert run(lines_in(tmp_path)) == 0
    text = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "No rule matched." in text
    assert "<svg" not in text


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["missing.txt"], "missing.txt"),
        (["--trusted-cidrs", "10.0.0.0/33", "missing.txt"], "10.0.0.0/33"),
        (["--policies", "none-here", "missing.txt"], "missing.txt"),
    ],
)
def test_what_cannot_be_used_is_named(
    arguments: list[str], fault: str, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 2."""
    assert run(*arguments) == 2
    assert fault in capsys.readouterr().err


def test_a_faulty_rule_is_named(
    run: Callable[..., int], rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a line is read."""
    (rules / "bad.yml").write_text("[]", encoding="utf-8")
    assert run("missing.txt") == 2
    assert "bad.yml: is not a rule: a mapping with title, logsource and detection" in capsys.readouterr().err


def cloud(incoming_bytes: float = 2.5e9, retention: int | None = 30) -> StubbedAws:
    """A log group that took in so many bytes in each of two hours, with one line of each of two types."""
    group: dict[str, Any] = {"logGroupName": GROUP}
    events = [
        {
            "logStreamName": "kube-apiserver-audit-0",
            "timestamp": NOW_MS - 2,
            "message": audit_line(**SECRETS),
        },
        {"logStreamName": "authenticator-0", "timestamp": NOW_MS - 1, "message": DENIED},
    ]
    found = {"Id": "m0", "Timestamps": [NOW, NOW], "Values": [incoming_bytes, 0.0]}
    return StubbedAws(
        logs=[
            (
                "describe_log_groups",
                {"logGroups": [group | ({"retentionInDays": retention} if retention else {})]},
            ),
            ("describe_subscription_filters", {"subscriptionFilters": []}),
            ("filter_log_events", {"events": events}),
        ],
        cloudwatch=[("get_metric_data", {"MetricDataResults": [found]})],
    )


def test_the_price_is_known_before_anything_is_read() -> None:
    """FilterLogEvents is free; Logs Insights and the transfer are named beside it."""
    with cloud(incoming_bytes=0) as aws:
        scan = plan(Reader(aws.client), "prod", NOW_MS - HOUR_MS, NOW_MS, NOW_MS)
    assert scan.title() == f"{GROUP}, 2026-01-14T11:00:00.000+00:00 to 2026-01-14T12:00:00.000+00:00"
    assert scan.gone_before_ms is None
    assert Scan(scan.span, 4_000_000_000).price() == (
        "There are about 4.000 GB to read. CloudWatch Logs charges nothing for reading with FilterLogEvents;"
        " a query of Logs Insights over the same span would cost 0.02 $. Read from outside the region, AWS"
        " charges the transfer: about 0.36 $ (list prices of us-east-1)."
    )
    assert "is not known" in Scan(scan.span, None).price()


def test_lines_beyond_the_retention_are_gone() -> None:
    """And a span that ends before it starts is refused."""
    day_ms = 24 * HOUR_MS
    with cloud(retention=1) as aws:
        scan = plan(Reader(aws.client), "prod", NOW_MS - day_ms - HOUR_MS, NOW_MS, NOW_MS)
    assert scan.gone_before_ms == NOW_MS - day_ms
    with cloud() as aws, pytest.raises(ToolError, match="is not after FROM"):
        plan(Reader(aws.client), "prod", NOW_MS, NOW_MS, NOW_MS)


def test_a_log_group_is_read_after_the_answer_yes(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """YES=yes answers beforehand; the lines' types come from their streams."""
    with cloud() as aws:
        monkeypatch.setattr(command, "client_factory", lambda *_: aws.client)
        assert run("--cluster", "prod", "--yes", "--json") == 0
        aws.assert_all_was_asked()
    printed = capsys.readouterr()
    assert "charges nothing for reading" in printed.err
    found = json.loads(printed.out)
    assert [(one["log_type"], one["events"]) for one in found["volume"]["by_log_type"]] == [
        ("audit", 1),
        ("authenticator", 1),
    ]


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("\n", 1), ("no\n", 1)])
def test_a_log_group_is_not_read_without_a_yes(
    typed: str, status: int, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is asked once; Enter means no."""
    terminal = io.StringIO(typed)
    terminal.isatty = lambda: True  # type: ignore[method-assign]  # what a terminal answers
    monkeypatch.setattr("sys.stdin", terminal)
    with cloud() as aws:
        monkeypatch.setattr(command, "client_factory", lambda *_: aws.client)
        assert run("--cluster", "prod", "--json") == status


def test_nobody_to_answer_is_an_error(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a script, YES=yes has to say it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with cloud() as aws:
        monkeypatch.setattr(command, "client_factory", lambda *_: aws.client)
        assert run("--cluster", "prod") == 2
    assert "confirm with YES=yes" in capsys.readouterr().err


def test_the_progress_follows_the_times_of_the_lines() -> None:
    """Each line moves it."""
    moved: list[int] = []
    with cloud() as aws:
        scan = plan(Reader(aws.client), "prod", NOW_MS - HOUR_MS, NOW_MS, NOW_MS)
        assert len(list(read_lines(aws.client, scan, moved.append))) == 2
    assert moved == [NOW_MS - 2, NOW_MS - 1]


def test_plots_use_the_colours_of_the_page() -> None:
    """None of their own, so that they are readable on a dark ground; equal figures give equal bytes."""
    bars = stacked("one", ["a", "b"], {"x": [1, 2], "y": [3, 4]}, "events")
    rows = grouped("two", ["<a>"], {"p50": [1.5], "p99": [120]}, "ms", is_log=True)
    for svg in (bars, rows):
        assert set(re.findall(r"(?:fill|stroke): ?([^;\"]+)", svg)) <= {
            "none",
            "var(--ink)",
            "var(--rule)",
            "var(--series-1)",
            "var(--series-2)",
        }
    assert "&lt;a&gt;" in rows
    assert bars == stacked("one", ["a", "b"], {"x": [1, 2], "y": [3, 4]}, "events")


def test_the_bar_is_shown_on_a_terminal_only() -> None:
    """A file gets no control sequences."""
    with cloud() as aws:
        scan = plan(Reader(aws.client), "prod", NOW_MS - HOUR_MS, NOW_MS, NOW_MS)
    for is_terminal in (True, False):
        text = io.StringIO()
        console = Console(file=text, force_terminal=is_terminal, width=80)
        with command._bar(scan, console) as moved:  # noqa: SLF001  # the bar alone
            moved(NOW_MS)
        assert ("100%" in text.getvalue()) is is_terminal
