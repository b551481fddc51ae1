"""HTTP: controllers, schemas, errors and middleware."""
