"""Prove recorded decisions: layer above the journal, no server needed."""
