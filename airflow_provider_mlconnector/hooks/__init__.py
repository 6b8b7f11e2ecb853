"""One folder per vendor: connection, client, hook, models, errors."""
