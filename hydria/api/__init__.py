"""The load-balancer v2 API over HTTP: paths, access, forms in and dictionaries out. It calls no amphora and no compute."""
