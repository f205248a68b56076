"""What our clients of doors on this machine share: they speak plain HTTP."""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. A client that is given no context reads all authorities of the world: 1 MB."""
