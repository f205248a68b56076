"""A real S3 server, and a proxy before it that can misbehave."""

from ...storage_server import bucket, object_store, proxy, seaweed

__all__ = ["bucket", "object_store", "proxy", "seaweed"]
