"""Files as they come in from outside, broken and hostile ones: how each is built and what must happen to it."""
