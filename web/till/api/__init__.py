"""JSON for the pages and for scripts: each module has a ``blueprint``; shapes as in the OpenAPI document."""
