"""Students for devices that differ: which network each runs, and for how many filters."""
