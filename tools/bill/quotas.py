"""AWS's own limits, each with its source."""

CONCURRENCY = 1000  # Lambda developer guide, "Lambda quotas": concurrent executions, by default
CONCURRENCY_OF_NEW_ACCOUNT = 10  # the same page: new accounts start lower
SQS_IN_FLIGHT = 120_000  # SQS developer guide, "Amazon SQS standard queue quotas"
SQS_MESSAGE_BYTES = 1_048_576  # SQS developer guide, "Amazon SQS message quotas"
SQS_RETENTION_DAYS = 14  # the same page
SQS_CHUNK_BYTES = 65_536  # SQS pricing: each 64 KB of a payload is a request
# Lambda developer guide, "Configuring scaling behavior for SQS event source mappings": five pollers, which
# are not reduced to two where a maximum concurrency is set. SQS developer guide: a long poll takes 20 s.
SQS_POLLERS = 5
LONG_POLL_SECONDS = 20.0
# Kinesis developer guide, "Quotas and limits"
SHARD_BYTES_PER_SECOND = 1_000_000
STREAM_FREE_HOURS = 24  # Kinesis pricing: kept without a charge
SHARD_RECORDS_PER_SECOND = 1000
ON_DEMAND_BYTES_PER_SECOND = 4_000_000  # of a new on-demand stream
ON_DEMAND_SHARDS = 4
KINESIS_RECORD_STEP_BYTES = 1024  # Kinesis pricing: a record written on demand is rounded up to a KB
