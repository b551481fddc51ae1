"""The durable record of everything that was scored and labelled. Knows no transport."""
