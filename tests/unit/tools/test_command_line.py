"""Every tool ends with a sentence and an exit status."""

import pytest
from botocore.exceptions import ClientError

from tools.command_line import command_line
from tools.deploy.sam import SamError
from tools.stack import StackError


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (StackError("no stack blue"), 2, "mend: no stack blue\n"),
        (SamError("sam build failed"), 1, "mend: sam build failed\n"),
        (KeyboardInterrupt(), 130, "\nmend: interrupted; the same command continues\n"),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "-"}}, "DescribeStacks"),
            2,
            "mend: AWS does not accept these credentials (ExpiredToken): log in again\n",
        ),
    ],
    ids=["cannot continue", "sam failed", "Ctrl-C", "refused by AWS"],
)
def test_an_error_becomes_a_sentence_and_a_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exit status of 2 says that the tool could not begin, 1 that something failed."""

    @command_line("mend", after_interrupt="the same command continues")
    def main(_arguments: list[str]) -> int:
        raise error

    assert main([]) == status
    assert capsys.readouterr().err == said


def test_the_status_of_a_tool_that_ends_well_is_its_own() -> None:
    """The command line changes nothing about it."""

    @command_line("mend")
    def main(arguments: list[str]) -> int:
        return len(arguments)

    assert main(["a", "b"]) == 2
