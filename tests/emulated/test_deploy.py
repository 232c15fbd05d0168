"""`make deploy` from a fresh clone: a verified stack after one answer, and what it says when it cannot."""

import json
import os
import pty
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.emulated.deployment import create_vpc
from tools import ROOT, demo
from tools.listener import Listener, running_listener
from tools.local_aws import REGION, LocalAws, local_aws
from tools.sam_config import parse_overrides

pytestmark = pytest.mark.emulated

CLUSTER = "prod"
STACK = "eks-log-forwarder-dev"
WRONG_TOKEN = "wrong-token-77d0"  # made up
_TIMEOUT_SECONDS = 400
_QUESTION = re.compile(r"Which [^\n]*[?.] |\[y/N\]: ")
_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, slots=True)
class World:
    """An account with a cluster that logs, a listener, and a clone of this repository."""

    aws: LocalAws
    listener: Listener
    clone: Path

    def make(
        self, *variables: str, target: str = "deploy", **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """A target without a terminal and without answers."""
        return subprocess.run(  # noqa: S603  # our own arguments
            ["make", target, *variables],  # noqa: S607  # the user's own make
            cwd=self.clone,
            env=self.aws.environ() | {"COLUMNS": "200"} | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )

    def answer(self, *answers: str, variables: tuple[str, ...]) -> tuple[int, str]:
        """`make deploy` on a terminal, with these answers; exit status and what the terminal shows."""
        pid, terminal = pty.fork()
        if not pid:  # the child: a session whose terminal is the pty, as a shell has it
            os.chdir(self.clone)
            os.execvpe("make", ["make", "deploy", *variables], self.aws.environ() | {"COLUMNS": "200"})  # noqa: S606, S607  # as above
        shown, left = "", list(answers)
        asked = 0
        while True:
            try:
                chunk = os.read(terminal, 4096)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not chunk:
                break
            shown += chunk.decode(errors="replace")
            questions = len(_QUESTION.findall(shown))
            if questions > asked and left:
                asked = questions
                os.write(terminal, f"{left.pop(0)}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), shown

    def section(self) -> dict[str, Any]:
        """The section that was written."""
        document = tomllib.loads((self.clone / "samconfig.toml").read_text(encoding="utf-8"))
        found: dict[str, Any] = document["dev"]["deploy"]["parameters"]
        return found


def clone(folder: Path) -> Path:
    """The files of this repository that git knows, and its environments."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  # the user's own git
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in (".venv", ".venv-ministack", ".venv-uv"):
        (folder / name).symlink_to((ROOT / name).resolve())
    return folder


def create_cluster(aws: LocalAws, name: str, vpc: dict[str, str], *log_types: str) -> None:
    """A cluster in this VPC; MiniStack takes the VPC from the request, and EKS from the subnets."""
    eks = aws.client("eks")

    def name_the_vpc(params: dict[str, Any], **_: object) -> None:
        body = json.loads(params["body"])
        body["resourcesVpcConfig"]["vpcId"] = vpc["VpcId"]
        params["body"] = json.dumps(body).encode()

    eks.meta.events.register("before-call.eks.CreateCluster", name_the_vpc)
    eks.create_cluster(
        name=name,
        roleArn="arn:aws:iam::000000000000:role/eks",
        resourcesVpcConfig={"subnetIds": vpc["SubnetIds"].split(",")},
        logging={"clusterLogging": [{"types": list(log_types), "enabled": bool(log_types)}]},
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Nothing is deployed yet."""
    folder = clone(tmp_path_factory.mktemp("clone"))
    with (
        running_listener(token=demo.TOKEN) as listener,
        local_aws(tmp_path_factory.mktemp("aws")) as aws,
    ):
        aws.client("iam").create_role(RoleName="eks", AssumeRolePolicyDocument="{}")
        create_cluster(aws, CLUSTER, create_vpc(aws, "10.0"), *_TYPES)
        create_cluster(aws, "silent", create_vpc(aws, "10.1"))
        aws.client("logs").create_log_group(logGroupName=f"/aws/eks/{CLUSTER}/cluster")
        yield World(aws, listener, folder)


def variables_of(world: World, environment: str = "dev") -> tuple[str, ...]:
    """The variables that a user gives; MiniStack cannot create the anomaly alarms of staging and prod."""
    return f"CLUSTER={CLUSTER}", f"LISTENER={world.listener.url}", f"ENVIRONMENT={environment}"


def test_without_credentials_it_is_one_sentence(world: World) -> None:
    """Nothing is asked before AWS is asked."""
    done = world.make(
        *variables_of(world), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_EC2_METADATA_DISABLED="true"
    )
    assert done.returncode == 2
    assert (
        "deploy: Unable to locate credentials (see that `aws sts get-caller-identity` works)" in done.stderr
    )


def test_a_cluster_whose_logging_is_off_is_not_deployed(world: World) -> None:
    """It prints the command that turns logging on, and ends before a token is asked for."""
    done = world.make("CLUSTER=silent", f"LISTENER={world.listener.url}")
    assert done.returncode == 2, done.stderr
    assert "on: none; off: api, audit, authenticator, controllerManager, scheduler" in done.stdout
    assert "aws eks update-cluster-config --name silent --logging" in done.stdout
    assert "deploy: nothing is deployed. Fix this first" in done.stderr


def test_a_listener_without_a_route_is_not_deployed(world: World) -> None:
    """The subnets lead to the VPC's own network alone."""
    done = world.make(f"CLUSTER={CLUSTER}", "LISTENER=192.168.7.20:30443")
    assert done.returncode == 2, done.stderr
    assert "route to the listener: 192.168.7.20 is not in vpc-" in done.stdout


def test_yes_names_everything_that_is_missing(world: World) -> None:
    """Nobody is asked, and nothing is created."""
    done = world.make(*variables_of(world, "prod"), "YES=yes")
    assert done.returncode == 2
    assert "deploy: SECRET_ARN is missing: " in done.stderr
    assert "; EMAIL is missing: " in done.stderr
    nothing = world.make("YES=yes")
    assert "deploy: CLUSTER is missing: Which cluster?; LISTENER is missing: Where " in nothing.stderr
    assert world.aws.client("secretsmanager").list_secrets()["SecretList"] == []


def arrived(listener: Listener, count: int) -> bool:
    """Whether this many records arrive within two minutes."""
    give_up_at = time.monotonic() + 120
    while len(listener.records) < count and time.monotonic() < give_up_at:
        time.sleep(0.2)
    return len(listener.records) >= count


def test_one_answer_gives_a_verified_stack_and_a_second_run_asks_for_nothing_again(world: World) -> None:
    """First with a wrong token: the canary names it. Then with the right one; SAM has nothing to change."""
    status, shown = world.answer(WRONG_TOKEN, variables=variables_of(world))
    assert status == 2, shown
    assert len(_QUESTION.findall(shown)) == 1, shown
    assert "parked, http_401: the collector does not accept the token" in shown, shown
    assert f"deploy: {STACK} is deployed, but not verified" in shown
    assert WRONG_TOKEN not in shown
    overrides = parse_overrides(world.section()["parameter_overrides"])
    assert (overrides["ClusterName"], overrides["Environment"], overrides["NetworkStack"]) == (
        CLUSTER,
        "dev",
        f"{STACK}-network",
    )
    secrets = world.aws.client("secretsmanager")
    (secret,) = secrets.list_secrets()["SecretList"]
    assert (secret["Name"], secret["ARN"]) == (f"{STACK}/collector", overrides["DestinationSecretArn"])
    endpoints = world.aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert {one["ServiceName"] for one in endpoints} == {
        f"com.amazonaws.{REGION}.{name}" for name in ("sqs", "secretsmanager")
    }

    secrets.put_secret_value(SecretId=secret["ARN"], SecretString=demo.TOKEN)
    assert arrived(world.listener, 1), "the parked canary is not redriven"
    again = world.make(*variables_of(world), "YES=yes")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "No changes to deploy" in again.stdout
    assert f"{STACK}-network is up to date" in again.stdout
    assert f"{STACK} is deployed, and delivers." in again.stdout
    messages = {str(one["message"]) for one in world.listener.records}
    assert (len(messages), all('sentBy="make verify"' in one for one in messages)) == (2, True)


def test_a_package_deploys_without_this_repository(world: World) -> None:
    """Code and templates are in the bucket; CloudFormation needs the template's URL alone."""
    world.aws.client("s3").create_bucket(Bucket="packages")
    done = world.make("BUCKET=packages", target="package")
    assert done.returncode == 0, done.stdout + done.stderr
    urls = re.findall(r"^https://packages\.s3\.us-east-1\.amazonaws\.com/(\S+)$", done.stdout, re.MULTILINE)
    assert urls == [f"eks-log-forwarder/{name}.yaml" for name in ("template", "network", "subscription")]
    body = world.aws.client("s3").get_object(Bucket="packages", Key=urls[0])["Body"].read().decode()
    own = re.findall(r"^      CodeUri: (\S+)", body, re.MULTILINE)
    assert len(own) == 4
    assert all(uri.startswith("s3://packages/eks-log-forwarder/") for uri in own), own
    world.aws.client("logs").create_log_group(logGroupName="/aws/eks/packaged/cluster")
    parameters = {"ClusterName": "packaged", "DestinationUrl": world.listener.url}
    world.aws.client("cloudformation").create_stack(
        StackName="packaged",
        TemplateURL=f"{world.aws.endpoint}/packages/{urls[0]}",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    waiter = world.aws.client("cloudformation").get_waiter("stack_create_complete")
    waiter.wait(StackName="packaged", WaiterConfig={"Delay": 1})
