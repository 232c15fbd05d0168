"""What becomes of one record of the stream.

    what the record holds                 what becomes of it
    log events                            they are delivered, or parked as those of the forward function
    a control message                     it is counted
    no subscription payload               it goes to the dead-letter queue, which keeps the shard going
    events on which a bug shows           they are parked, for the same reason

If a queue does not take what it should, the record stays in the stream, and so do all records after it.
Lambda sends them again from the first one that stays. So trying those after it would deliver them twice, and
could overtake an earlier record of the same log stream.
"""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.leftover import UNEXPECTED_ERROR, Cause, Leftover
from eks_log_forwarder.errors import (
    ForwarderError,
    ParkingError,
    PayloadError,
    RecordKeptError,
    UndeliveredError,
    describe,
)
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.intake.log_stream import UNKNOWN_CLUSTER, LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import SubscriptionPayload, decode_payload, is_control_message
from eks_log_forwarder.parking.messages import PAYLOAD_INVALID, message_of_record
from eks_log_forwarder.parking.queue import Queue
from eks_log_forwarder.telemetry.tally import Tally

# A queue that answers neither of two attempts (parking/queue.py) takes this long. Lambda could stop a record
# that is begun later in the middle, and then the whole batch would come again.
SECONDS_TO_PARK = 12.0


class StreamRecord(HiddenFields, msgspec.Struct, frozen=True):
    """A record; `data` is base64, as Lambda passes it on."""

    hidden = ("data",)

    sequence_number: str
    data: str


class StreamRecords(msgspec.Struct):
    """The records of one invocation, in the order of the shard.

    No delivery is tried after `deadline`. After `last_call` no record is begun but the first, so that every
    invocation makes progress. `count` is given the tally of each record. `kept_from` is the sequence number
    of the first record that stays.
    """

    forwarder: Forwarder
    dead_letters: Queue
    deadline: Deadline
    last_call: Deadline
    count: Callable[[Tally], None]
    kept_from: str = ""
    has_begun: bool = False

    def settle(self, record: StreamRecord) -> None:
        """Delivers, parks or buries what a record holds; returns if the checkpoint can pass it.

        Raises:
            ForwarderError: it must stay in the stream; all later records of the invocation raise, too.
        """
        if self.kept_from:
            msg = f"the record {self.kept_from} stays, and so does all that comes after it"
            raise RecordKeptError(msg)
        self.kept_from = record.sequence_number
        if self.has_begun and not self.last_call.remaining_seconds():
            msg = "no time is left for this record, so Lambda sends it again"
            raise RecordKeptError(msg)
        self.has_begun = True
        try:
            self._settle(record)
        except ForwarderError:
            raise
        except Exception as error:  # noqa: BLE001  # it is raised again without its text
            raise RecordKeptError(describe(error)) from None
        self.kept_from = ""

    def _settle(self, record: StreamRecord) -> None:
        try:
            # a record's data is what `awslogs.data` is to the forward function
            payload = decode_payload({"awslogs": {"data": record.data}})
        except PayloadError as error:
            self._bury(record, str(error))
            return
        stream = LogStream.of(payload)
        tally = Tally(stream.cluster, stream.log_type, account=stream.owner)
        if is_control_message(payload):
            tally.control_messages += 1
            self.count(tally)
            return
        try:
            self.forwarder.forward(payload, stream, self.deadline, tally)
        except UndeliveredError:
            self._count_kept(tally)
            raise
        except Exception as error:  # noqa: BLE001  # a bug must not hold up the shard
            self._park_all(payload, tally, describe(error))
        else:
            self.count(tally)

    def _park_all(self, payload: SubscriptionPayload, found: Tally, what: str) -> None:
        """Parks a payload as it came, whatever has become of its events. What was found in them counts."""
        events = list(payload.logEvents)
        tally = Tally(found.cluster, found.log_type, account=found.account, received=len(events))
        tally.detections, tally.api_answers = found.detections, found.api_answers
        tally.api_requests = found.api_requests
        tally.give_reason(UNEXPECTED_ERROR, len(events))
        tally.details = [f"{UNEXPECTED_ERROR}: {what}"]
        try:
            self.forwarder.park(payload, [Leftover(events, Cause.UNREACHABLE, UNEXPECTED_ERROR)], tally)
        except UndeliveredError:
            self._count_kept(tally)
            raise
        self.count(tally)

    def _count_kept(self, tally: Tally) -> None:
        """Counts a record that stays. Its detections are published when it is settled, once."""
        tally.forget_findings()
        self.count(tally)

    def _bury(self, record: StreamRecord, why: str) -> None:
        """Sends a record that is no payload to the dead-letter queue. It counts as one event."""
        tally = Tally(UNKNOWN_CLUSTER, LogType.UNKNOWN, received=1, details=[why])
        tally.give_reason(PAYLOAD_INVALID, 1)
        try:
            self.dead_letters.send([message_of_record(record.data, record.sequence_number, PAYLOAD_INVALID)])
            tally.parked = tally.rejected = 1
        except ParkingError as error:
            tally.kept = 1
            msg = f"{why}; {error}"
            raise RecordKeptError(msg) from None
        finally:
            self.count(tally)
