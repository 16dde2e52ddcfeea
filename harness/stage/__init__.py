"""How a stage runs: its inputs, its outputs, its randomness and its checkpoints."""
