"""The pins of what `tests/mcp_raw.py` offers while it behaves."""

from typing import Any

from tools.mcp.pins import pinned

READS = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "get": {"name": "get", "description": "One record.", "inputSchema": READS},
    "put": {"name": "put", "inputSchema": READS},
}
GET, PUT = (pinned(one) for one in DEFINITIONS.values())
