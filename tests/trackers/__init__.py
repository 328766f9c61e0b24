"""Strict fake ticket systems on the loopback, written from public documentation only: oracles for clients of them.

Written without sight of the client code that they check, so that a misreading of the documentation is not made twice. Each
module's docstring names its documents. `async with FakeZammad() as fake: fake.url` starts one on a free port; the state is
plain Python (`fake.tickets`), and a test plays the agent and the network.

| system | class | particular to it |
| --- | --- | --- |
| HubSpot | `hubspot.FakeHubSpot` | `scopes`, `add_property`, `customer_mails`, `activities_touch_tickets`, `indexing_s` |
| Zammad | `zammad.FakeZammad` | `agent_groups`, `add_attribute`, `mails`, `search_lists`, `indexing_s` |
| Zendesk | `zendesk.FakeZendesk` | `keys` (idempotency), `ticket_fields`, `export_lag_s` (60, as documented) |
| Freshdesk | `freshdesk.FakeFreshdesk` | `ticket_fields`, `mails`, `indexing_s` |
| Jira | `jira.FakeJira` | `request_types`, `indexed_properties`, `zone`, `customer_writes`, `mails`, `indexing_s` |
| osTicket | `osticket.FakeOsTicket` | one call only; `mails` is the agent's way to the customer, `banned`, `fields` |

`indexing_s` is how long a change stays hidden from search (0), `mails` what the system itself sent to customers. All have:

| | |
| --- | --- |
| `agent_answers(ticket, text)`, `agent_notes`, `closes`, `reopens`, `assigns` | what people do in the ticket system |
| `refuse_next(status, times, retry_after=…, on=…)` | the next calls are refused before they do anything |
| `drop_after_next(times, on=…)` | the next calls do their work, then the connection closes without an answer |
| `slow(seconds)` | every call from now on waits before it is worked on |
| `violations` | what breaks the documented surface or format: assert that it is empty |
| `refused` | every refusal, also those a correct client may meet (unknown id, closed ticket, wrong token) |
| `calls` | every call, `"POST /api/v1/tickets"` |
| `clock` | the seconds since 1970 that the system goes by |

`on` is a regular expression searched in `"METHOD /path"`. A field that the real system drops in silence is answered as
there, and stands in `violations`, as its sender lost something. What is documented but not here is a violation too: a client
that needs it extends the fake first, from the documentation.

Typed with `mypy tests/trackers --strict --explicit-package-bases`.
"""
