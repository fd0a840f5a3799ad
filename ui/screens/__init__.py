"""One file a page: widgets, one call, show."""
