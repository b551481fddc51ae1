"""The identity provider that people log in through: OpenID Connect, spoken over HTTP."""
