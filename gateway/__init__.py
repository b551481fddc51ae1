"""The REST gateway: alerts, investigations and everything that people work with."""
