"""The collector's secret: one that is there, or a new one with the token that the user types."""

from botocore.exceptions import ClientError

from tools.aws_reading import NotFoundError, Reader
from tools.deploy.questions import Questions
from tools.errors import ToolError

NEED_A_TOKEN = frozenset({"xplg", "splunk_hec"})


def secret_name(stack: str) -> str:
    """The name of the secret that `make deploy` creates."""
    return f"{stack}/collector"


def find_secret(reader: Reader, secret: str) -> str:
    """The full ARN of a secret by its name or ARN; empty if there is none, or none can be seen.

    Raises:
        ToolError: the secret is scheduled for deletion.
    """
    try:
        found = reader.call("secretsmanager", "describe_secret", SecretId=secret)
    except NotFoundError:
        return ""
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return ""
        raise
    if found is None:
        return ""
    if found.get("DeletedDate"):
        msg = (
            f"the secret {secret} is scheduled for deletion:"
            f" aws secretsmanager restore-secret --secret-id {secret}"
        )
        raise ToolError(msg)
    return str(found["ARN"])


def is_of(arn: str, account: str, region: str) -> bool:
    """Whether the ARN is of this account and region; the examples of samconfig.toml are not."""
    return arn.split(":")[3:5] == [region, account]


def store_token(reader: Reader, name: str, token: str) -> str:
    """Creates the secret with this token; returns its ARN.

    Raises:
        ToolError: it could not be created. The message does not contain the token.
    """
    try:
        created = reader.client("secretsmanager").create_secret(
            Name=name, Description="The token of the EKS log forwarder's collector", SecretString=token
        )
    except ClientError as error:
        msg = f"the secret {name} could not be created: {error}. SECRET_ARN=… uses another one"
        raise ToolError(msg) from error
    return str(created["ARN"])


def ask_for_token(questions: Questions, destination: str, *, required: bool) -> str:
    """The token, or the JSON with the credentials; empty if none is needed and none was given."""
    end = "." if required else "; Enter for none."
    return questions.ask(
        "SECRET_ARN",
        f"Which token does {destination} expect? It is not shown and goes into Secrets Manager{end}",
        pattern=".+" if required else ".*",
        hidden=True,
    )
