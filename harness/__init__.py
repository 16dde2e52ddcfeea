"""A declarative harness that reproduces published results byte for byte."""
