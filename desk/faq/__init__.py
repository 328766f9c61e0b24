"""Answers to what customers ask often: articles in Markdown, their search, and how often each was read."""
