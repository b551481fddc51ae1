"""The bodies of the REST API. Their field names are a contract with existing clients."""
