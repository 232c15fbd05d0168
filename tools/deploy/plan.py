"""What is deployed: the parameters of both templates, from the survey and from answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from tools.aws_reading import Reader
from tools.deploy.given import Given
from tools.deploy.questions import Questions
from tools.deploy.secret import NEED_A_TOKEN, ask_for_token, find_secret, is_of, secret_name
from tools.discover.cluster import Cluster
from tools.discover.findings import Finding, State
from tools.discover.listener import Listener, address_of
from tools.discover.survey import UNKNOWN_NETWORK, Survey
from tools.errors import ToolError

_CIDR = r"[0-9.]{7,15}/[0-9]{1,2}"
_EMAIL = r"[^\s@]+@[^\s@]+\.[^\s@]+"
_NOBODY = "none"
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))


@dataclass(slots=True)
class Plan:
    """The parameters of template.yaml (`answers`), and those of network.yaml if a stack of it is needed.

    `token` is to be stored in a new secret, whose ARN becomes DestinationSecretArn; it can be empty.
    """

    answers: dict[str, str]
    network: dict[str, str]
    token: str = field(default="", repr=False)


def blocking(findings: Sequence[Finding], stack: str) -> list[Finding]:
    """The findings that a deployment would fail on."""
    return [
        finding
        for finding in findings
        if finding.state is State.MISSING
        # A filter of this stack needs no free place. Without subnets the functions run outside a VPC.
        and not (finding.what == "subscription filters" and f" {stack}-" in finding.found)
        and finding.what != "subnets to use"
    ]


def make_plan(found: Survey, listener: Listener, given: Given) -> Plan:
    """The plan that follows from a survey; nothing is asked yet.

    Raises:
        ToolError: the listener is in a private network, and the VPC has no subnet for the functions.
    """
    answers = found.answers | {"Environment": given.column, "Destination": given.collector}
    needs_network = "NetworkStack" in answers
    if "SubnetIds" not in answers:
        _refuse_private(listener)
        answers |= {"SubnetIds": "", "SecurityGroupIds": ""}
    if not needs_network:
        answers["NetworkStack"] = ""
    return Plan(answers, dict(found.network) if needs_network else {})


def _refuse_private(listener: Listener) -> None:
    """Refuses to run the functions outside a VPC if the listener is in a private network."""
    address = address_of(listener.host)
    if address and any(IPv4Address(address) in network for network in _PRIVATE):
        msg = (
            f"the VPC has no private subnet with free addresses, and only a VPC leads to {listener.host}:"
            " create a subnet, or name one with SUBNETS=subnet-… (docs/network.md)"
        )
        raise ToolError(msg)


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks for what neither AWS nor the command line says."""

    reader: Reader
    cluster: Cluster
    given: Given
    questions: Questions

    def complete(self, plan: Plan) -> None:
        """Fills in the listener's network, the secret and the e-mail address.

        Raises:
            ToolError: an answer is missing, or the named secret does not exist.
        """
        if plan.network.get("ListenerCidr") == UNKNOWN_NETWORK:
            plan.network["ListenerCidr"] = self.questions.ask(
                "LISTENER_CIDR", "Which network is the listener in (CIDR)?", self._networks(), _CIDR
            )
        plan.answers["DestinationSecretArn"] = self._secret()
        if not plan.answers["DestinationSecretArn"]:
            required = self.given.collector in NEED_A_TOKEN
            plan.token = ask_for_token(self.questions, self.given.collector, required=required)
        plan.answers["AlarmEmail"] = self._email()
        self.questions.require()

    def _networks(self) -> list[str]:
        vpcs = self.reader.ec2("describe_vpcs", "Vpcs", {"vpc-id": self.cluster.vpc_id}) or []
        return [vpc["CidrBlock"] for vpc in vpcs]

    def _secret(self) -> str:
        """The ARN of the named secret, of the last deployment's, or of one that an earlier run stored."""
        given, of_before = self.given.secret_arn, self.given.before.get("DestinationSecretArn", "")
        if given:
            found = find_secret(self.reader, given)
            if not found and "secretsmanager:DescribeSecret" not in self.reader.refused:
                msg = f"there is no secret {given} in {self.cluster.region}"
                raise ToolError(msg)
            return found or given
        is_ours = is_of(of_before, self.cluster.account, self.cluster.region)
        found = find_secret(self.reader, of_before) if is_ours else ""
        return found or find_secret(self.reader, secret_name(self.given.stack))

    def _email(self) -> str:
        email = self.given.email or self.given.before.get("AlarmEmail", "")
        if not email and self.given.column == "prod":
            question = "Which e-mail address gets the alarms (`none` for nobody)?"
            email = self.questions.ask("EMAIL", question, pattern=f"{_EMAIL}|{_NOBODY}")
        return "" if email == _NOBODY else email
