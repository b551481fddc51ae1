"""What the scoring server tells its operators: metrics and logs."""
