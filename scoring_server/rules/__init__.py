"""User rules: conditions over a transaction and its features, from TOML text to a program.

Layer rule: knows the catalogue, the state's keys and the kernels, nothing of engine or transport.
"""
