"""A Secrets Manager on this machine: the one operation that the function calls, over real HTTP."""

import json
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug.wrappers import Request, Response

ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:xplg-token-AbCdEf"


class SecretsManager:
    """Answers GetSecretValue with the value that was set last (Secrets Manager API reference)."""

    def __init__(self, server: HTTPServer) -> None:
        self.asked_for: list[dict[str, Any]] = []
        self._answer: dict[str, Any] = {}
        self._status = 200
        server.expect_request("/", method="POST").respond_with_handler(self._respond)

    @staticmethod
    def environ(server: HTTPServer) -> dict[str, str]:
        """The variables by which boto3 finds the server."""
        return {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": server.url_for("/"),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def holds(self, **value: str) -> None:
        """The secret's value from now on: `SecretString` or `SecretBinary`."""
        self._status = 200
        self._answer = {"ARN": ARN, "Name": "xplg-token", "VersionId": "v" * 32} | value

    def refuses(self, kind: str) -> None:
        """From now on every call ends in this exception."""
        self._status = 400
        self._answer = {"__type": kind, "message": "not for you"}

    def _respond(self, request: Request) -> Response:
        if request.headers["X-Amz-Target"] != "secretsmanager.GetSecretValue":
            return Response(status=404)
        self.asked_for.append(json.loads(request.get_data()))
        return Response(
            json.dumps(self._answer), status=self._status, content_type="application/x-amz-json-1.1"
        )
