"""the graph of the loop over a home that is shown, compiled bare, for langgraph.json.

The one module that works when it is imported, because that is how LangGraph's server loads a graph;
nothing imports it. The server brings its own checkpointer.
"""

import os

from agent.graph import build
from pilotage.settings import read
from pilotage.shown import shown
from pilotage.wiring import wire

graph = build(shown(wire(read(os.environ)))).compile(name="loop")
