"""`make scan`: scans every stack of the templates with the policy scanner checkov.

The template is transformed and its conditions are resolved first, so that each stack is scanned as it is
deployed. An exception is at its resource in the template, under `Metadata: checkov: skip`, with the reason.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.template.resolve import ROOT, resolved
from tests.template.variants import VARIANTS

CHECKOV = ROOT / ".venv-scan" / "bin" / "checkov"


def main() -> int:
    """Returns checkov's exit status: 0 if there are no findings."""
    with tempfile.TemporaryDirectory(prefix="eks-log-forwarder-scan-") as folder:
        for name, parameters in VARIANTS.items():
            file_name = re.sub(r"[^a-z]+", "-", name)
            stack = {
                "AWSTemplateFormatVersion": "2010-09-09",
                "Resources": resolved(**parameters)["Resources"],
            }
            (Path(folder) / f"{file_name}.json").write_text(json.dumps(stack, indent=1), encoding="utf-8")
        shutil.copy(ROOT / "subscription.yaml", folder)
        return subprocess.run(  # noqa: S603  # our own arguments
            [
                *(CHECKOV, "--directory", folder, "--framework", "cloudformation"),
                *("--compact", "--quiet", "--skip-download"),
            ],
            env=os.environ | {"LOG_LEVEL": "ERROR"},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
