"""`make deploy CLUSTER=name LISTENER=url`: deploys the forwarder of a cluster, and proves that it delivers.

It finds the network, stores the token, writes the section of samconfig.toml, deploys network.yaml where the
functions need it, builds, shows the change set, deploys and verifies. Run again, it continues.
Exit status: 0 if the stack is deployed and verified, 1 if a step failed, 2 if AWS could not be asked or an
answer is missing, 130 after Ctrl-C.
"""

import argparse
import sys
from datetime import UTC, datetime

from rich.console import Console

from tools import ROOT
from tools.aws_clients import add_aws_options, client_factory
from tools.aws_reading import Reader
from tools.command_line import command_line
from tools.deploy.given import Given, find_cluster, find_listener
from tools.deploy.plan import Asking, Plan, blocking, make_plan
from tools.deploy.questions import Questions
from tools.deploy.sam import build, deploy
from tools.deploy.secret import secret_name, store_token
from tools.deploy.stacks import deploy_network, settle
from tools.discover.findings import State, print_findings
from tools.discover.survey import survey
from tools.errors import ToolError
from tools.listener.protocols import DEMO_DESTINATIONS
from tools.progress import Progress
from tools.sam_config import deploy_overrides, stack_name, updated_section
from tools.stack import values
from tools.stopping import stop_at_signals
from tools.verify.__main__ import STEPS, verify
from tools.verify.target import read_target

_CONFIG = ROOT / "samconfig.toml"
_STEPS = 6
_LATER = "alarms"  # confirming AWS's mail takes a person


class BlockedError(ToolError):
    """The deployment would fail; what to do first has been printed."""

    status = 1

    def __init__(self) -> None:
        super().__init__("nothing is deployed. Fix this first, then run the same command.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    add = parser.add_argument
    add("cluster", nargs="?", default="", help="the cluster's name")
    add("--listener", default="", help="HOST:PORT or URL of the collector")
    add("--destination", default="", choices=["", *DEMO_DESTINATIONS], help="the collector (default: xplg)")
    add("--environment", default="default", help="the section of samconfig.toml (default: %(default)s)")
    add("--email", default="", help="who gets the alarms; none for nobody")
    add("--secret-arn", default="", help="the secret with the token (default: the token is asked for)")
    add("--stack", default="", help="the stack's name (default: that of samconfig.toml)")
    add("--subnets", default="", help="the functions' subnets, with commas (default: they are chosen)")
    add("--security-group", default="", help="the functions' group (default: network.yaml creates one)")
    add("--yes", action="store_true", help="ask nothing; fail if something is missing")
    add_aws_options(parser)
    return parser


class _Run:
    """One run, step by step; each method raises what `main` turns into a sentence."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._options, self._console = options, console
        self._questions = Questions(yes=options.yes)
        self._progress = Progress(console, _STEPS)
        self._reader = Reader(client_factory(options.region, options.profile))

    def __call__(self) -> int:
        """All steps; returns the exit status."""
        given, plan, region = self._plan()
        self._save(given, plan, region)
        self._progress.step("the network of the functions")
        if plan.network:
            client = self._reader.client("cloudformation")
            deploy_network(client, plan.answers["NetworkStack"], plan.network, self._say)
        else:
            self._say("nothing is needed")
        self._progress.step("sam build (half a minute)")
        build(given.environment)
        self._progress.step(f"sam deploy of {given.stack} (some minutes)")
        settle(self._reader.client("cloudformation"), given.stack, self._say)
        options = ["--region", region]
        if self._options.profile:
            options += ["--profile", self._options.profile]
        if self._options.yes:
            options.append("--no-confirm-changeset")
        deploy(given.environment, given.stack, *options)
        return self._verify(given.stack)

    def _say(self, text: str) -> None:
        self._console.print(f"    {text}", soft_wrap=True, highlight=False, markup=False)

    def _given(self) -> Given:
        options = self._options
        name = options.stack or (stack_name(_CONFIG, options.environment) if _CONFIG.exists() else "")
        name = name or f"eks-log-forwarder-{options.environment}"
        deployed = settle(self._reader.client("cloudformation"), name, self._say)
        return Given(
            environment=options.environment,
            stack=name,
            cluster=options.cluster,
            listener=options.listener,
            destination=options.destination,
            email=options.email,
            secret_arn=options.secret_arn,
            subnets=tuple(filter(None, options.subnets.split(","))),
            security_group=options.security_group,
            before=deploy_overrides(_CONFIG, options.environment) | values(deployed, "Parameter"),
        )

    def _plan(self) -> tuple[Given, Plan, str]:
        self._progress.step("reading the cluster and its network")
        given, reader = self._given(), self._reader
        cluster = find_cluster(reader, given, self._questions)
        listener = find_listener(cluster, given, self._questions)
        network_stack = f"{given.stack}-network"
        found = survey(
            reader, cluster.name, listener, given.security_group, network_stack, subnets=given.subnets
        )
        notable = [one for one in found.findings if one.state is not State.OK and one.what != "network stack"]
        print_findings(self._console, f"Cluster {cluster.name}", notable, found.region, commands=False)
        if stops := blocking(found.findings, given.stack):
            for finding in stops:
                self._say(f"{finding.what}: {finding.found}")
                if finding.command:
                    self._say(f"  {finding.command} --region {found.region}")
            raise BlockedError
        plan = make_plan(found, listener, given)
        Asking(reader, cluster, given, self._questions).complete(plan)
        return given, plan, found.region

    def _save(self, given: Given, plan: Plan, region: str) -> None:
        self._progress.step(f"the secret, and the section {given.environment} of {_CONFIG.name}")
        if plan.token:
            name = secret_name(given.stack)
            plan.answers["DestinationSecretArn"] = store_token(self._reader, name, plan.token)
            self._say(f"the token is stored in the secret {name}")
        text = _CONFIG.read_text(encoding="utf-8") if _CONFIG.exists() else "version = 0.1\n"
        after, overrides = updated_section(text, given.environment, plan.answers, region, given.stack)
        _CONFIG.write_text(after, encoding="utf-8")
        self._say(overrides)

    def _verify(self, stack: str) -> int:
        self._progress.step(f"make verify STACK={stack}")
        target = read_target(self._reader, stack, datetime.now(UTC))
        findings = verify(target, STEPS, self._console)
        wrong = [one for one in findings if one.state in {State.MISSING, State.UNKNOWN}]
        if any(one.what != _LATER for one in wrong):
            print(
                f"deploy: {stack} is deployed, but not verified: fix what is WRONG above, then"
                f" make verify STACK={stack}",
                file=sys.stderr,
            )
            return 1
        self._console.print(f"{stack} is deployed, and delivers.", style="bold green")
        for finding in wrong:
            self._say(f"Left to do: {finding.what}: {finding.found}")
        return 0


@command_line("deploy", after_interrupt="the same command continues")
def main(arguments: list[str]) -> int:
    """Runs the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    stop_at_signals()
    return _Run(options, Console())()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
