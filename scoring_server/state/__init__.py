"""Entity state: fixed-size records in memory-mapped tables that all workers share."""
