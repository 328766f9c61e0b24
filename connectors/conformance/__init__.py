"""The conformance suite: what every channel must hold, whoever wrote it. `regia connector verify` and a pytest plug-in run it.

subject      what the suite is told about a channel: settings, samples, how its provider signs
fake_http    an `Http` that answers what a test lays ready
signing      who may speak
strangers    what others try instead
reading      what is signed is read
batches      one request, many events
damage       what cannot be read is kept
keys         events, people and accounts are told apart
fetching     files come from the hosts that are allowed
sending      failures of sending
parts        long texts
addressing   to whom and from whom a message leaves
configuring  settings
"""
