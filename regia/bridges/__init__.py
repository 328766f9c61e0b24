"""Ticket systems: one module each, with its settings and how it is made of them."""
