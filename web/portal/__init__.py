"""The guests' portal, on hostile ground: it reads the journal and the box's public keys, writes nothing, sets no cookie
and reaches for nothing outside. ``pages``: one module a page, found by name.
"""

from web.portal.app import create_app
from web.portal.deps import Deps

__all__ = ["Deps", "create_app"]
