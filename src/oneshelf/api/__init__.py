"""The HTTP API: tracking for SDKs, queries and campaigns for programs."""

from oneshelf.api.app import create

__all__ = ["create"]
