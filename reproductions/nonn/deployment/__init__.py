"""A NoNN on devices: what each node runs and sends, and how its answers become one."""
