"""What one row needs of AWS: two queues and a secret, and what Lambda does with them."""

from time import monotonic
from uuid import uuid4

from eks_log_forwarder.parking.messages import payload_of
from tools.faults.collector import Collector
from tools.faults.matrix import BATCH, BUDGET_SECONDS, READ_TIMEOUT_SECONDS
from tools.faults.speech import Speech
from tools.lambda_poller import Poller
from tools.local_aws import LocalAws

TOKEN = "first/token+91c2"  # noqa: S105  # of a collector that lives as long as a row
NEXT_TOKEN = "second/token+4b7e"  # noqa: S105  # as above
_REDRIVE_SECONDS = 20


class Stage:
    """What one row needs of AWS: two queues and a secret."""

    def __init__(self, aws: LocalAws, speech: Speech) -> None:
        name = uuid4().hex
        self._aws = aws
        self._speech = speech
        self._sqs = aws.client("sqs")
        self._secrets = aws.client("secretsmanager")
        self._environ = aws.environ()
        self.queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.dead_letters = self._sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        self.secret = self._secrets.create_secret(Name=name, SecretString=speech.secret(TOKEN))["ARN"]

    def rotate(self, collector: Collector) -> None:
        """Another token, in the secret and with the collector."""
        collector.token = NEXT_TOKEN
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=self._speech.secret(NEXT_TOKEN))

    def environ(self, url: str, **changed: str) -> dict[str, str]:
        """The functions' environment."""
        return {
            **self._environ,
            "DESTINATION": self._speech.destination,
            "DESTINATION_URL": url,
            "DESTINATION_SECRET_ARN": self.secret,
            "MAX_BATCH_EVENTS": str(BATCH),
            "CONNECT_TIMEOUT_SECONDS": "0.5",
            "READ_TIMEOUT_SECONDS": str(READ_TIMEOUT_SECONDS),
            "RETRY_BUDGET_SECONDS": str(BUDGET_SECONDS),
            "DETECTIONS": "off",
            "UNDELIVERED_QUEUE_URL": self.queue,
            "DEAD_LETTER_QUEUE_URL": self.dead_letters,
            "REJECTED_TRIES": "2",
            "REDRIVE_BACKOFF_SECONDS": "1",
            "POWERTOOLS_SERVICE_NAME": "eks-log-forwarder-faults",
        } | changed

    def park(self, body: str) -> None:
        """What Lambda does when a function has failed for good."""
        self._sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def redrive(self) -> bool:
        """What Lambda's event source does, until the queue is empty; whether it is."""
        poller = Poller(self._aws, self.queue)
        give_up_at = monotonic() + _REDRIVE_SECONDS
        while monotonic() < give_up_at:
            if not poller.redrive() and poller.is_empty():
                return True
        return False

    def dead_ids(self) -> list[str]:
        """The ids of the events in the dead-letter queue."""
        messages = iter(Poller(self._aws, self.dead_letters).receive, [])
        return [event.id for batch in messages for m in batch for event in payload_of(m["Body"]).logEvents]
