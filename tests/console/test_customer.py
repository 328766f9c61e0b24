"""The pages of customers over HTTP: found, looked at, changed, answered, merged and erased."""
