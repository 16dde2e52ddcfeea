"""Ensembles of quantised networks with shared weights, taught by distillation (Kromer, HPI)."""
