"""Every route for programs, with its method, its name in the document, and its refusals."""

from fastapi import APIRouter

from console.api import approvals, items
from console.api.door import REFUSALS, Signed
from console.bodies import StrictRoute

WORKFLOW = "/workflows/{workflow}"


def routes() -> APIRouter:
    """Every route for programs."""
    router = APIRouter(
        prefix="/api/v1", responses=REFUSALS, route_class=StrictRoute, dependencies=[Signed]
    )
    router.add_api_route(
        f"{WORKFLOW}/items",
        items.send,
        methods=["POST"],
        status_code=201,
        operation_id="sendItem",
        responses={200: {"model": items.Item, "description": "it was there under this key"}},
    )
    for path, act, method, name in (
        (f"{WORKFLOW}/batches", items.send_many, "POST", "sendItems"),
        ("/items", items.list_items, "GET", "listItems"),
        ("/items/{item}", items.read_item, "GET", "readItem"),
        ("/items/{item}/cancel", items.cancel, "POST", "cancelItem"),
        ("/approvals", approvals.list_approvals, "GET", "listApprovals"),
        ("/approvals/{approval}", approvals.read_approval, "GET", "readApproval"),
        ("/approvals/{approval}/decisions", approvals.decide, "POST", "decideApproval"),
    ):
        router.add_api_route(path, act, methods=[method], operation_id=name)
    return router
