"""What one stack has that costs money by itself, as the templates say; tests/template compares them."""

# Of template.yaml in staging and prod, with detections.
ALARMS = 16
ANOMALY_ALARMS = 4
DASHBOARDS = 1
KEYS = 1  # of the alarm topic; KmsKeyArn would be one more
# With OtherClusters=automatic: the alarm of the subscribe function, and one for the silence of each cluster.
SUBSCRIBE_ALARMS = 1
ALARMS_OF_FURTHER_CLUSTER = 1
# Of network.yaml, with both endpoints.
ENDPOINTS = 2
MEMORY_MB = 512  # MemorySize
OWN_LOG_DAYS = 90  # LogRetentionDays in prod
REDRIVE_BATCH = 5  # BatchSize: messages of one invocation
REDRIVE_CONCURRENCY = 2  # MaximumConcurrency
REDRIVE_BACKOFF_SECONDS = 30.0  # before the second try of a parked message
RETRY_BUDGET_SECONDS = 20.0
CONNECT_PROBE_SECONDS = 2.0  # of the one attempt a minute of a container whose circuit is open
READ_TIMEOUT_SECONDS = 10.0
SECRET_CACHE_SECONDS = 300.0
# Of central.yaml in staging and prod, with detections. No alarm is about one cluster.
CENTRAL_ALARMS = 16
STREAM_BATCH = 100  # BatchSize: records of one invocation
STREAM_WINDOW_SECONDS = 1  # MaximumBatchingWindowInSeconds
STREAM_FACTOR = 4  # ParallelizationFactor
STREAM_RETENTION_HOURS = 168  # StreamRetentionHours in prod
