"""Fills the pages' texts in: docs/cost.md and docs/scale.md, from the measured figures and the prices."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tools import ROOT
from tools.bill.cost_page import cost_parts
from tools.bill.measured import Measured
from tools.bill.scale_page import scale_parts

DOCS = ROOT / "docs"
PAGES: Mapping[str, Callable[[Measured], dict[str, str]]] = {
    "cost.md": cost_parts,
    "scale.md": scale_parts,
}


def source(name: str) -> str:
    """The text of a page with a `{{place}}` for each part."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def render(name: str, measured: Measured) -> str:
    """A page."""
    page = source(name)
    for place, text in PAGES[name](measured).items():
        page = page.replace("{{" + place + "}}", text)
    return page


def write(measured: Measured, docs: Path = DOCS) -> None:
    """Writes both pages."""
    for name in PAGES:
        (docs / name).write_text(render(name, measured), encoding="utf-8")
