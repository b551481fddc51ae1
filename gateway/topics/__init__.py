"""The parts of the application by what they are about, each with its services and its routes.

The application puts them together; see topic.py for what a topic is.
"""
