"""Index templates for Elasticsearch and OpenSearch, and the command that applies them."""
