"""A declarative harness that reproduces published results byte for byte."""

__version__ = "0.1.0"
