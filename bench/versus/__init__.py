"""Hydria beside the reference: both started here, asked the same by one benchmark that knows neither, put into one table."""
