"""What one row needs from AWS: two queues and a secret, and what Lambda does with them."""

from uuid import uuid4

from tools.faults.collector import Collector
from tools.faults.matrix import BATCH
from tools.faults.speech import Speech
from tools.lambda_poller import Poller
from tools.local_aws import LocalAws

TOKEN = "first/token+91c2"  # noqa: S105  # no real one: the collector exists for one row
NEXT_TOKEN = "second/token+4b7e"  # noqa: S105  # as above
_MOST_REDRIVES = 20


class Stage:
    """What one row needs from AWS: two queues and a secret."""

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
        """Replaces the token in the secret and at the collector."""
        collector.token = NEXT_TOKEN
        self._secrets.put_secret_value(SecretId=self.secret, SecretString=self._speech.secret(NEXT_TOKEN))

    def environ(self, url: str) -> dict[str, str]:
        """The functions' environment."""
        return {
            **self._environ,
            "DESTINATION": self._speech.destination,
            "DESTINATION_URL": url,
            "DESTINATION_SECRET_ARN": self.secret,
            "MAX_BATCH_EVENTS": str(BATCH),
            "DETECTIONS": "off",
            "UNDELIVERED_QUEUE_URL": self.queue,
            "DEAD_LETTER_QUEUE_URL": self.dead_letters,
            "REJECTED_TRIES": "2",
            "POWERTOOLS_SERVICE_NAME": "eks-log-forwarder-faults",
        }

    def park(self, body: str) -> None:
        """What Lambda does after the last failed try of a function."""
        self._sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def redrive(self) -> bool:
        """What Lambda's event source does, until the queue is empty; whether it is.

        A message that the redrive keeps is shown again at once instead of after its back-off.
        """
        poller = Poller(self._aws, self.queue)
        for _ in range(_MOST_REDRIVES):
            if not poller.redrive():
                break
            poller.show_kept()
        return poller.is_empty()

    def dead_ids(self) -> list[str]:
        """The ids of the events in the dead-letter queue."""
        return [event.id for event in Poller(self._aws, self.dead_letters).events()]
