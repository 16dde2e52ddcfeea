"""The command line of the release, over the functions that the stages use."""
