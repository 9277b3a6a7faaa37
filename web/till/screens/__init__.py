"""Pages. Each module has a ``blueprint``; the frame around them is ``web.till.frame``."""
