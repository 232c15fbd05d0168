"""`sam deploy --guided` asks little and gives a working stack; an upgrade from 0.1.0 keeps parked events."""

import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.emulated.deployment import Deployed, create_stack, create_vpc, physical_ids
from tools import ROOT, demo
from tools.listener import Listener, running_listener
from tools.local_aws import LocalAws
from tools.make_event import EVENTS
from tools.sam_config import parse_overrides

pytestmark = pytest.mark.emulated

CLUSTER = "guided"
MAX_QUESTIONS = 28
_QUESTION = re.compile(r"\[[^\]\n]*\](?:\x1b\[\d*m)*: ")
_ARRIVAL_SECONDS = 60


def project(tmp_path: Path, build_dir: Path) -> Path:
    """A checkout as `sam build` leaves it: template, settings and build."""
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(build_dir, tmp_path / ".aws-sam" / "build")
    return tmp_path


def guided(aws: LocalAws, folder: Path, answers: dict[int, str]) -> "subprocess.CompletedProcess[str]":
    """`sam deploy --guided`, answered with Enter but for these questions (the first is 1)."""
    typed = "".join(f"{answers.get(number, '')}\n" for number in range(1, MAX_QUESTIONS + 1))
    return subprocess.run(  # noqa: S603  # our own arguments
        [ROOT / ".venv" / "bin" / "sam", "deploy", "--guided"],
        cwd=folder,
        env=aws.environ(),
        input=typed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def arrived(listener: Listener, count: int) -> int:
    """Waits for records; the number of those that are there."""
    give_up_at = time.monotonic() + _ARRIVAL_SECONDS
    while len(listener.records) < count and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return len(listener.records)


def test_enter_through_guided_gives_a_working_stack(deployed: Deployed, tmp_path: Path) -> None:
    """At most 28 questions; only the two required ones and the secret are answered."""
    aws = deployed.aws
    aws.client("logs").create_log_group(logGroupName=f"/aws/eks/{CLUSTER}/cluster")
    folder = project(tmp_path, deployed.build_dir)
    template = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    written = (ROOT / "template.yaml").read_text(encoding="utf-8")
    names = re.findall(r"^  (\w+):\n    Type: ", written, re.MULTILINE)
    number = {
        name: names.index(name) + 3 for name in ("ClusterName", "DestinationUrl", "DestinationSecretArn")
    }
    with running_listener(token=demo.TOKEN) as listener:
        answers = {
            number["ClusterName"]: CLUSTER,
            number["DestinationUrl"]: listener.url,
            number["DestinationSecretArn"]: deployed.parameters["DestinationSecretArn"],
        }
        done = guided(aws, folder, answers)
        assert done.returncode == 0, done.stdout + done.stderr
        assert 20 < len(_QUESTION.findall(done.stdout)) <= MAX_QUESTIONS
        assert template["default"]["deploy"]["parameters"]["stack_name"] in done.stdout
        lines = demo.put_lines(aws, CLUSTER)
        assert arrived(listener, lines.total()) == lines.total()
    saved = tomllib.loads((folder / "samconfig.toml").read_text(encoding="utf-8"))["default"]
    overrides = parse_overrides(saved["deploy"]["parameters"]["parameter_overrides"])
    assert (overrides["ClusterName"], overrides["DestinationUrl"]) == (CLUSTER, listener.url)
    assert overrides["Environment"] == "dev"
    stack = saved["deploy"]["parameters"]["stack_name"]
    aws.sam("delete", "--stack-name", stack, "--no-prompts", "--region", "us-east-1")


def test_an_upgrade_from_0_1_0_delivers_what_was_parked_before_it(deployed: Deployed) -> None:
    """Security group and endpoint move to a stack of network.yaml; the queues and the function stay."""
    aws, name = deployed.aws, "upgraded"
    vpc = create_vpc(aws, "10.2")
    create_stack(aws, name, Path(__file__).parent / "data" / "stack-0.1.0.yaml", vpc)
    before = physical_ids(aws, name)
    queue = before["UndeliveredQueue"]
    aws.client("sqs").send_message(
        QueueUrl=queue, MessageBody=(EVENTS / "cw.json").read_text(encoding="utf-8")
    )
    aws.client("logs").create_log_group(logGroupName=f"/aws/eks/{name}/cluster")
    create_stack(aws, f"{name}-network", ROOT / "network.yaml", vpc | {"ListenerCidr": "10.2.0.0/16"})
    with running_listener(token=None) as listener:
        outputs = aws.deploy(
            deployed.build_dir,
            name,
            {
                "ClusterName": name,
                "DestinationUrl": listener.url,
                "SubnetIds": vpc["SubnetIds"],
                "NetworkStack": f"{name}-network",
            },
        )
        reach_the_emulator(aws, outputs)
        assert arrived(listener, 13) == 13, aws.log_lines(outputs["RedriveLogGroupName"])
    after = physical_ids(aws, name)
    kept = ("UndeliveredQueue", "DeadLetterQueue", "ForwardFunction", "ForwardLogGroup")
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    assert outputs["UndeliveredQueueUrl"] == queue
    assert {"FunctionSecurityGroup", "SqsVpcEndpoint"} & after.keys() == set()


def reach_the_emulator(aws: LocalAws, outputs: dict[str, str]) -> None:
    """Removes the public URLs, which the network stack exports, from the redrive function."""
    functions, name = aws.client("lambda"), outputs["RedriveFunctionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    kept = {key: value for key, value in variables.items() if not key.startswith("AWS_ENDPOINT_URL_")}
    assert len(variables) - len(kept) == 2
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": kept})
