"""Everything that makes this house this house, in one encrypted file."""
