import sys,asyncio,time; sys.path.insert(0,'/work/wt/attacks')
import pytest
from storage.database import Database
from tests.attacks.runs import run
async def test_nodes(postgresql_url):
    nodes=[Database(postgresql_url) for _ in range(3)]
    t=time.time()
    tally=await run(nodes, range(150), "nodes")
    print(time.time()-t, tally.tries, tally.merges, tally.linked.total(), tally.pairs.total(), tally.contacts)
    for n in nodes: await n.close()
    assert tally.problems==[]
