"""The authors' interface to shunt connections: their class, configuration and log folder."""
