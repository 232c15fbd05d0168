"""`make scan`: the policy scanner checkov over every stack that the templates make.

Each template is transformed and its conditions are resolved first, so that a stack is scanned as it would be
deployed. An exception is at its resource in the template, under `Metadata: checkov: skip`, with the
reason.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.template.resolve import Json, resolved, resolved_central, resolved_network
from tests.template.variants import CENTRAL_VARIANTS, NETWORK_VARIANTS, VARIANTS
from tools import ROOT

CHECKOV = ROOT / ".venv-scan" / "bin" / "checkov"


def stacks() -> dict[str, Json]:
    """Every stack of template.yaml, central.yaml and network.yaml, by a file name."""
    made = {f"forwarder {name}": resolved(**parameters) for name, parameters in VARIANTS.items()}
    made |= {f"central {name}": resolved_central(**values) for name, values in CENTRAL_VARIANTS.items()}
    made |= {f"network {name}": resolved_network(**values) for name, values in NETWORK_VARIANTS.items()}
    return {f"{re.sub(r'[^a-z]+', '-', name.lower())}.json": stack for name, stack in made.items()}


def main() -> int:
    """Checkov's exit status: 0 when there is no finding."""
    with tempfile.TemporaryDirectory(prefix="eks-log-forwarder-scan-") as folder:
        for file_name, stack in stacks().items():
            plain = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": stack["Resources"]}
            (Path(folder) / file_name).write_text(json.dumps(plain, indent=1), encoding="utf-8")
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
