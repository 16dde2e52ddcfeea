"""What the figures of several papers share: readable in print and without colour."""
