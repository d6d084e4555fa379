"""The worker: claims load balancers, plans, and does the steps of plans."""
