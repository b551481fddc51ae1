"""The analysts' console: pages for people over the services that the REST API uses.

Pages are rendered here; what they change, they change through the REST API.
"""
