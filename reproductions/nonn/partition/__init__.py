"""From the filter activation network to the filters of each student."""
