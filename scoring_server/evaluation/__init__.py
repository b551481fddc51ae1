"""Files of past transactions, and measures of how well they were scored."""
