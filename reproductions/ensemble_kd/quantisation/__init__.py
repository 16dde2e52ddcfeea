"""How numbers become codes, without a framework."""
