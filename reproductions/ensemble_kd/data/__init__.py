"""The images of a dataset stage: order, random changes and normalisation, in NumPy alone."""
