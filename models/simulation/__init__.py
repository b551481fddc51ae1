"""Made-up histories of payments and trades with known fraud."""
