"""The parts of the documents that are made from specs, models and recorded costs."""
