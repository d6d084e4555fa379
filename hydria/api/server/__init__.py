"""The HTTP server under the API: whole requests, bounded in size and time, before a thread is taken. It knows not what is asked."""
