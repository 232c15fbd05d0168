"""What `sam build` runs: compiles the rules and policies of a package to data files.

python -m eks_log_forwarder.compiling PACKAGE
"""

import sys
from pathlib import Path

from eks_log_forwarder.audit_policy.policy_file import compile_policies
from eks_log_forwarder.compiled_files import write_compiled
from eks_log_forwarder.detection.loading import read_rules
from eks_log_forwarder.errors import DetectionError, PolicyError


def compile_package(package: Path) -> None:
    """Compiles `detections/` with `detections/own/`, and `policies/`.

    Raises:
        DetectionError, PolicyError: lists every fault of every rule, or those of a policy.
    """
    detections, policies = package / "detections", package / "policies"
    own = detections / "own"
    write_compiled(detections, read_rules([detections, own] if own.is_dir() else [detections]))
    write_compiled(policies, compile_policies(policies))


def main(arguments: list[str]) -> int:
    """Compiles the package at a path; returns the exit status."""
    try:
        compile_package(Path(arguments[0]))
    except (DetectionError, PolicyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
