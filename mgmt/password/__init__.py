"""The operator's password as the manager keeps it: a proof that no service can give by itself."""
