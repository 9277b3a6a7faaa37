"""The staff app. A view reads, formats, returns; what is decided is decided by the recorder.

``api``: JSON under /api/v1, one module a resource. ``screens``: pages, one module a screen. Both are found by
name.
"""

from web.till.app import create_app
from web.till.deps import Deps

__all__ = ["Deps", "create_app"]
