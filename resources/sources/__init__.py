"""Documents that are not on this machine: web pages and object stores, copied into the workspace and kept up
to date. What a copy says is read where local files are."""
