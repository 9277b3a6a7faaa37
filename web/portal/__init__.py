"""The guests' portal, on hostile ground: it reads the journal and the box's public keys, has the recorder decide what a
guest may ask for, and reaches for nothing outside. Its one cookie is a guest's claim code. ``pages``: one module a
page, ``things``: one module a sort of what a guest holds, found by name.
"""

from web.portal.app import create_app
from web.portal.deps import Deps

__all__ = ["Deps", "create_app"]
