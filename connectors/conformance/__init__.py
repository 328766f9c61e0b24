"""The conformance suite: what every channel must hold, whoever wrote it. `regia connector verify` and a pytest plug-in run it.

subject      what the suite is told about a channel: settings, samples, how its provider signs
fake_http    an `Http` that answers what a test lays ready
"""
