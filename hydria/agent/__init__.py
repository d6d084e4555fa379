"""The process inside an amphora: it runs what controllers send and composes nothing of its own but process facts."""
