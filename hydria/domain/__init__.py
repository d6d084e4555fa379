"""What Hydria knows: attributes, resources, trees, rules, statuses, refusals. No I/O, no clock, no SQL."""
