"""One step of training in each framework."""
