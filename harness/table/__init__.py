"""Tables: one model from the rows of stages, written as CSV, Markdown and LaTeX."""
