"""The MXNet half of the ensembles; without MXNet there is nothing to collect here."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("mxnet") else ["test_*.py"]
