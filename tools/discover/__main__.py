"""`make discover CLUSTER=name`: the network, the logs and the listener, and the settings that follow.

It prints the command for a stack of network.yaml, if one is needed, and offers to write the parameters of
template.yaml to the deploy section of samconfig.toml.

Exit status: 0 if AWS was asked, whatever is missing, and 2 if it could not be asked.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tools import ROOT
from tools.aws_clients import add_aws_options, client_factory
from tools.aws_reading import NotFoundError, Reader
from tools.command_line import command_line
from tools.discover.findings import print_findings
from tools.discover.listener import parse_listener
from tools.discover.survey import Survey, survey
from tools.errors import ToolError
from tools.sam_config import stack_name, updated_section

_UNKNOWN = {
    "DestinationUrl": "give LISTENER=HOST:PORT",
    "DestinationSecretArn": "`make deploy` asks for the token and stores it; or set the ARN of a secret",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make discover", description=__doc__)
    add = parser.add_argument
    add("cluster", help="the cluster's name, as `aws eks list-clusters` prints it")
    add("--listener", help="HOST:PORT or URL of the collector (default: kubectl looks for it)")
    add(
        "--function-group",
        default="",
        help="security group for the functions (default: network.yaml creates one)",
    )
    add(
        "--config-env",
        default="default",
        help="the section of samconfig.toml to write (default: %(default)s)",
    )
    add("--config-file", type=Path, default=ROOT / "samconfig.toml", help="another file than samconfig.toml")
    add("--yes", action="store_true", help="write the section without asking")
    add("--no-write", action="store_true", help="only print the section")
    add_aws_options(parser)
    return parser


def _offer_section(console: Console, options: argparse.Namespace, found: Survey) -> None:
    """Prints the section that follows from the findings, and writes it if the user agrees."""
    path: Path = options.config_file
    before = path.read_text(encoding="utf-8") if path.exists() else "version = 0.1\n"
    after, overrides = updated_section(before, options.config_env, found.answers, found.region)
    console.print(f"\n[bold]{path.name}[/], section \\[{options.config_env}.deploy.parameters]:")
    console.print(f"  parameter_overrides = {overrides}", soft_wrap=True, highlight=False, markup=False)
    for name, hint in _UNKNOWN.items():
        if f"{name}=" not in overrides:
            console.print(f"  {name} is not known: {hint}", soft_wrap=True, highlight=False, markup=False)
    if options.no_write or before == after:
        console.print("Nothing is written." if options.no_write else "The file has this section already.")
    elif options.yes or _agreed(console, path.name):
        path.write_text(after, encoding="utf-8")
        url = found.answers.get("DestinationUrl", "HOST:PORT")
        next_step = f"make deploy CLUSTER={options.cluster} LISTENER={url} ENVIRONMENT={options.config_env}"
        console.print(f"Written. Next: {next_step}", soft_wrap=True)
    else:
        console.print("Nothing is written; --yes writes it.")


def _network_stack(options: argparse.Namespace) -> str:
    """The name for a stack of network.yaml: the forwarder's stack and `-network`."""
    path: Path = options.config_file
    forwarder = stack_name(path, options.config_env) if path.exists() else ""
    return f"{forwarder or f'eks-log-forwarder-{options.config_env}'}-network"


def _agreed(console: Console, name: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return console.input(f"Write this into {name}? \\[y/N] ").strip().lower() in {"y", "yes"}


@command_line("discover")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    console = Console()
    listener = parse_listener(options.listener) if options.listener else None
    reader = Reader(client_factory(options.region, options.profile))
    try:
        found = survey(reader, options.cluster, listener, options.function_group, _network_stack(options))
    except NotFoundError as error:
        msg = f"{error} `aws eks list-clusters` prints the names of this region."
        raise ToolError(msg) from error
    print_findings(console, f"Cluster {options.cluster}", found.findings, found.region)
    if reader.refused:
        refused = f"\nRefused rights: {', '.join(reader.refused)}"
        console.print(refused, style="yellow", soft_wrap=True)
    if found.region:
        _offer_section(console, options, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
