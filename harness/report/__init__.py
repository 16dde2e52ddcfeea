"""The report: every claim with its verdict, every table and figure, and the evidence."""
