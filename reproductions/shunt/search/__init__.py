"""Where to put shunts: exact search over windows, architectures and numbers of shunts."""
