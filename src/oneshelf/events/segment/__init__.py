"""Segment tracking: the calls of Segment's and RudderStack's SDKs, judged on arrival and decoded into our events.

Importing this package registers the codec `segment/1`.
"""

from oneshelf.events.segment.codec import CALLS, SEGMENT, Call, decode, split
from oneshelf.events.segment.intake import Received, receive

__all__ = ["CALLS", "SEGMENT", "Call", "Received", "decode", "receive", "split"]
