"""`make demo`: the whole loop on the project's own data, through the REST API, by scripted people."""
