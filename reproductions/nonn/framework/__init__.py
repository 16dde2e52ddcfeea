"""The interface of the authors' framework, over the functions that the stages use."""
