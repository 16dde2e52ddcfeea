"""The network as a description: layers, names, shapes and counts, without a framework."""
