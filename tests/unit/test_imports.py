"""Imports run one way, and a dependency is named in one module: read off the source."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "functions" / "eks_log_forwarder"
NAME = PACKAGE.name

# Each module may import those of its own line and of the lines below it.
LAYERS = (
    {"compiling", "forward_handler", "stream_handler", "redrive_handler", "notify_handler", "subscribing"},
    {"notifying"},
    {"wiring"},
    {"redrive", "streaming"},
    {"forwarding"},
    {"stages", "parking"},
    {"delivery"},
    {"destinations"},
    {"transport", "telemetry", "detection", "audit_policy", "redaction"},
    {"record"},
    {"config", "control_plane"},
    {"intake"},
    {"compiled_files", "encoding", "errors", "yaml_files"},
)
LAYER_OF = {part: depth for depth, layer in enumerate(LAYERS) for part in layer}

# The table in CONTRIBUTING.md of the libraries that few modules may import.
CONTRIBUTING = (PACKAGE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
HOMES = {
    library: set(re.findall(r"`([^`]+)`", paths))
    for library, paths in re.findall(r"^\| (\w+) \| ((?:`[\w/]+\.py` ?)+)\|$", CONTRIBUTING, re.MULTILINE)
}
MOST_TOP_MODULES = 14
MOST_LINES = 200


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """A module's dotted name within the package; empty for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported_by(path: Path) -> set[str]:
    """The dotted names that a module imports, at its top or within a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            # `from package import module` names the module, `from module import name` the module before it
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def parts_imported_by(path: Path) -> set[str]:
    """The parts of the package (a module, or a sub-package) that a module imports."""
    return {name.split(".")[1] for name in imported_by(path) if name.startswith(f"{NAME}.")}


def test_every_module_has_a_layer() -> None:
    """A new module or folder gets a place in the layers above."""
    assert {name_of(path).split(".")[0] for path in modules()} - {""} == set(LAYER_OF)


def test_a_module_imports_only_what_lies_below_it() -> None:
    """Handlers, wiring, the pipeline, its stages, and at the bottom records, settings and errors."""
    upwards = [
        f"{name_of(path)} imports {other}"
        for path in modules()
        for other in sorted(parts_imported_by(path))
        if (part := name_of(path).split(".")[0]) and LAYER_OF[other] < LAYER_OF[part]
    ]
    assert upwards == []


def test_no_two_modules_import_each_other() -> None:
    """Neither directly nor by way of others, sub-packages' modules included."""
    names = {name_of(path) for path in modules()}
    graph = {
        name_of(path): {
            target
            for name in imported_by(path)
            if name.startswith(f"{NAME}.")
            for target in [longest_module(name.removeprefix(f"{NAME}."), names)]
            if target != name_of(path)
        }
        for path in modules()
    }
    done: set[str] = set()
    while ready := {name for name, targets in graph.items() if name not in done and targets <= done}:
        done |= ready
    assert names - done == set()


def longest_module(name: str, names: set[str]) -> str:
    """The module that an imported name stands in."""
    while name not in names:
        name = name.rpartition(".")[0]
    return name


def test_contributing_says_which_modules_import_a_library() -> None:
    """Exactly those; another one needs a reason and a row."""
    importing = {
        library: {
            path.relative_to(PACKAGE).as_posix()
            for path in modules()
            if library in {name.split(".")[0] for name in imported_by(path)}
        }
        for library in ("requests", "urllib3", "boto3", "botocore", "yaml")
    }
    assert importing == HOMES


def test_a_module_has_a_size_to_be_read_at_once() -> None:
    """One reason to change fits on few pages."""
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_the_package_s_top_has_at_most_14_modules() -> None:
    """A newcomer finds the right folder at a glance."""
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_TOP_MODULES
