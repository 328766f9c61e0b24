"""Strict fake ticket systems on the loopback, written from public documentation only: oracles for clients of them.

Written without sight of the client code that they check, so that a misreading of the documentation is not made twice.
One module is one system; its docstring names the documents. `async with FakeZammad() as fake: fake.url` starts it on a
free port; the state is plain Python (`fake.tickets`), and a test plays the agent and the network:

| | |
| --- | --- |
| `agent_answers(ticket, text)`, `agent_notes`, `closes`, `reopens`, `assigns` | what people do in the ticket system |
| `refuse_next(status, times, retry_after=…, on=…)` | the next calls are refused before they do anything |
| `drop_after_next(times, on=…)` | the next calls do their work, then the connection closes without an answer |
| `slow(seconds)` | every call from now on waits before it is worked on |
| `violations` | what breaks the documented surface or format: assert that it is empty |
| `refused` | every refusal, also those a correct client may meet (unknown id, closed ticket, wrong token) |
| `calls` | every call, `"POST /api/v1/tickets"` |

`on` is a regular expression searched in `"METHOD /path"`. A field that the real system drops in silence is answered as
there, and stands in `violations`, as its sender lost something.
"""
