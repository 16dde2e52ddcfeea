"""NoNN's figures: readable in print and without colour."""
