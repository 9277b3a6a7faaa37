"""The API's own description, by its parts; put together in ``web.till.api.openapi``."""
