"""A real S3 server, and a proxy before it that can misbehave."""

from ...storage_server import bucket, object_store, proxy, seaweed
from .upload_house import house

__all__ = ["bucket", "house", "object_store", "proxy", "seaweed"]
