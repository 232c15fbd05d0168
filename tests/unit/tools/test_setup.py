"""tools/setup on machines that lack something: what it says, and what it leaves behind."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ("bash", "cat", "cksum", "dirname", "env", "mkdir", "rm")

FAKE_UV = """#!/usr/bin/env bash
echo "$@" >>uv.log
[ "$1" = "$FAIL" ] && exit 1
[ "$1" = venv ] && mkdir -p "${@: -1}"
exit 0
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the script looks at, and a PATH with nothing but what every machine has."""
    for name in ("tools/setup", ".python-version"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy)
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "bin").mkdir()
    for command in COMMANDS:
        found = shutil.which(command)
        assert found
        (tmp_path / "bin" / command).symlink_to(found)
    add_program(tmp_path / "bin" / "python3", "#!/usr/bin/env bash\nexit 0\n")
    add_program(tmp_path / ".venv-uv" / "bin" / "uv", FAKE_UV)
    return tmp_path


def add_program(path: Path, text: str) -> None:
    """A program of this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def setup(project: Path, fail: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the script; uv fails at the command that is named."""
    return subprocess.run(  # noqa: S603  # our own script
        [project / "tools" / "setup", ".venv", "requirements.txt"],
        env={"PATH": str(project / "bin"), "FAIL": fail},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def uv_commands(project: Path) -> list[str]:
    """What uv was asked to do."""
    return (project / "uv.log").read_text().splitlines()


def test_without_python_it_says_what_to_install(project: Path) -> None:
    """And does nothing else."""
    (project / "bin" / "python3").unlink()
    done = setup(project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "setup: Python 3 is not on PATH.",
        "setup: Install it (Debian: apt install python3 python3-venv) and run the same command again.",
    ]
    assert not (project / ".venv").exists()


def test_without_venv_it_says_what_to_install(project: Path) -> None:
    """Debian's python3 comes without it."""
    shutil.rmtree(project / ".venv-uv")
    add_program(project / "bin" / "python3", "#!/usr/bin/env bash\nexit 1\n")
    done = setup(project)
    assert done.returncode == 1
    assert "setup: python3 -m venv failed." in done.stderr
    assert "apt install python3-venv" in done.stderr


@pytest.mark.parametrize(
    ("fail", "says"),
    [
        ("venv", "this machine has no Python 3.13, and uv could not install it."),
        ("pip", "the packages in requirements.txt could not be installed: is the package index reachable"),
    ],
)
def test_a_step_that_fails_is_told_and_made_again_next_time(project: Path, fail: str, says: str) -> None:
    """An unfinished environment does not count as complete."""
    done = setup(project, fail)
    assert done.returncode == 1
    assert says in done.stderr
    assert setup(project).returncode == 0
    assert (project / ".venv" / ".installed").exists()


def test_an_environment_is_made_once(project: Path) -> None:
    """For the Python that .python-version names, with hashes required; then again for new requirements."""
    for _ in range(2):
        assert setup(project).returncode == 0
    assert uv_commands(project) == [
        "venv --quiet --python 3.13 .venv",
        "pip install --quiet --python .venv/bin/python --require-hashes -r requirements.txt",
    ]
    (project / "requirements.txt").write_text("one==2\n")
    assert setup(project).returncode == 0
    assert len(uv_commands(project)) == 4


def test_an_environment_that_has_everything_needs_no_network(project: Path) -> None:
    """The mark of an earlier run is lost; uv is asked offline, and nothing is installed again."""
    add_program(project / ".venv" / "bin" / "python", "#!/usr/bin/env bash\nexit 0\n")
    assert setup(project).returncode == 0
    assert uv_commands(project) == [
        "pip sync --quiet --offline --python .venv/bin/python --require-hashes requirements.txt"
    ]
    assert (project / ".venv" / ".installed").exists()
