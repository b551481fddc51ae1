"""What the gateway does, one use case a method.

Reaches databases and the scoring server through ports only.
"""
