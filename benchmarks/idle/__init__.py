"""A step that does nothing, to measure what the runtime adds."""
