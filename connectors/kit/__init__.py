"""What channels share, so that a new one holds only what is particular to it.

settings     secrets that can be changed in flight, accounts, addresses
signatures   checks over the raw bytes of a request
elements     one request, many events: each is read by itself
place        from an account of ours to contacts, statuses and events in its name, and from a handle back to whom it names
user_keys    keys that a shop's own server signs with, as settings
user_tokens  who a signed token (JWT) of such a server is about
basic_auth   user and password of a request (RFC 7617)
urlencoded   bodies of forms, byte for byte
content      what a customer did, without who, when and where
outbound     texts, files and buttons out: limits, parts, and what a failure means
"""
