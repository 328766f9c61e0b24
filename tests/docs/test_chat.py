"""docs/chat.md: its example is a chat, and the policy that it names is the one under which the widget is tried."""

import re

from config.document import read_yaml
from connectors.chat.settings import ChatSettings
from router.load import load
from tests.docs.pages import blocks, read
from tests.web.chat_shop import policy

PAGE = "docs/chat.md"


def test_its_example_is_a_chat_whose_flow_says_what_the_table_lists() -> None:
    block, _ = blocks(PAGE, "yaml")
    settings = ChatSettings.model_validate(read_yaml(block.text, PAGE).data["shop"])
    assert settings.flow is not None
    said = settings.flow.localised("en")["steps"]
    assert {key for step in said.values() for key in step} == {"say", "choices", "ask", "articles", "search", "next", "person"}
    assert said["order"]["say"] == ["Which is the order number?"]


def test_its_rule_decides_by_what_was_chosen() -> None:
    _, block = blocks(PAGE, "yaml")
    more = "categories: {returns: {label: Resi}, general: {label: Altro}}\ndefault: general\n"
    rules = load([("rules.yaml", more + block.text)])
    assert rules.fields["topic"]
    assert [one.name for one in rules.rules] == ["as-the-customer-said"]


def test_its_policy_is_the_tried_one() -> None:
    (block,) = [block for block in blocks(PAGE) if block.text.startswith("script-src")]
    tried = policy("https://gw.example", "https://shop.example/host.js")
    for directive in block.text.strip().split("; "):
        name, *sources = directive.split()
        (found,) = re.findall(rf"{name} ([^;]+)", tried)
        assert set(found.split()) - {"https://shop.example/host.js"} == set(sources)
    assert "trusted-types regia-chat" in tried
    assert "`trusted-types regia-chat`" in read(PAGE)
