"""The SQL, one module a group of tables.

All of it runs inside a transaction that the caller opened.
"""
