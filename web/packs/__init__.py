"""The guests' first page in its two packs, for the portal, the lead's preview and a static site: one set of templates.

Nothing here answers a request. What only a box can say (what is sold, whether it is open) is handed in as ``Live``;
what other pages of the portal add stands in the templates under ``box``, which a static site does not have.
"""
