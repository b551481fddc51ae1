"""Model artifacts and the tools that train, check and judge them."""
