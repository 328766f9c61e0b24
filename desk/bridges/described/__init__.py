"""Ticket systems described in YAML alone.

description  what a file may say, as a model; `requests` its requests, `moments` its times
checks       what is wrong with a file beyond the form of its parts
calling      one request, and what its answer means; `multipart` bodies of several parts
steps        requests one after the other, and lists of several pages
filing       files on their way into a ticket
reading      answers to states of tickets and answers of agents (pure)
system       the ticket system that they make
"""
