"""Lambda's event source on a Kinesis stream, in this process: invokes the stream handler, keeps checkpoints.

MiniStack's own ignores partial failures. This one does what the template sets (Lambda developer guide, "Using
Lambda to process records from Amazon Kinesis Data Streams"): a checkpoint for each shard, partial batch
responses, and bisecting. It knows no maximum age.
"""

import base64

from eks_log_forwarder import stream_handler
from tools.lambda_context import lambda_context
from tools.local_aws import LocalAws
from tools.make_event import kinesis_event

_RECORDS_PER_INVOCATION = 100  # the template's


class StreamPoller:
    """The event source of one stream; begins at the oldest record."""

    def __init__(
        self,
        aws: LocalAws,
        stream: str,
        batch_size: int = _RECORDS_PER_INVOCATION,
        remaining_ms: int = 60_000,
    ) -> None:
        self._kinesis = aws.client("kinesis")
        self._stream = stream
        self._batch_size = batch_size
        self._context = lambda_context(remaining_ms)
        self._checkpoints: dict[str, str] = {}
        self.invocations = 0

    def poll(self) -> int:
        """One batch of each shard; returns how many records the checkpoints passed."""
        shards = self._kinesis.list_shards(StreamName=self._stream)["Shards"]
        return sum(self._poll_shard(shard["ShardId"]) for shard in shards)

    def _poll_shard(self, shard: str) -> int:
        records = self._waiting(shard)
        passed = self._passed(records)
        if passed:
            self._checkpoints[shard] = records[passed - 1][0]
        return passed

    def _waiting(self, shard: str) -> list[tuple[str, str]]:
        """The records after the checkpoint: sequence numbers and data in base64."""
        position = {"ShardIteratorType": "TRIM_HORIZON"}
        if checkpoint := self._checkpoints.get(shard):
            position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": checkpoint}
        iterator = self._kinesis.get_shard_iterator(StreamName=self._stream, ShardId=shard, **position)
        found = self._kinesis.get_records(ShardIterator=iterator["ShardIterator"], Limit=self._batch_size)
        return [
            (record["SequenceNumber"], base64.b64encode(record["Data"]).decode())
            for record in found["Records"]
        ]

    def _passed(self, records: list[tuple[str, str]]) -> int:
        """Invokes the function; returns the number of records before the first that stays.

        A batch on which the function raises is halved; one record on which it raises stays.
        """
        if not records:
            return 0
        self.invocations += 1
        try:
            answer = stream_handler.handler(kinesis_event(records), self._context)
        except Exception:  # noqa: BLE001  # whatever it is, Lambda sends the records again
            middle = len(records) // 2
            passed = self._passed(records[:middle])
            return passed + self._passed(records[middle:]) if middle and passed == middle else passed
        kept = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        stays = (number for number, (sequence_number, _) in enumerate(records) if sequence_number in kept)
        return next(stays, len(records))
