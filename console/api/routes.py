"""Every route for programs, with its method, its name in the document, and its refusals."""

from fastapi import APIRouter

from console.api import approvals, items, offers, queues, reviews, states, webhooks
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
    router.add_api_route(
        "/items/{item}/state",
        states.read_state,
        response_model=states.State,
        operation_id="readState",
        responses={**states.NOT_MODIFIED},
    )
    for path, act, method, name in (
        (f"{WORKFLOW}/batches", items.send_many, "POST", "sendItems"),
        (f"{WORKFLOW}/queue", queues.read_queue, "GET", "readQueue"),
        ("/items", items.list_items, "GET", "listItems"),
        ("/items/{item}", items.read_item, "GET", "readItem"),
        ("/items/{item}/cancel", items.cancel, "POST", "cancelItem"),
        ("/reviews", reviews.list_reviews, "GET", "listReviews"),
        ("/items/{item}/review", reviews.read_review, "GET", "readReview"),
        ("/items/{item}/review/claim", reviews.claim, "POST", "claimReview"),
        ("/items/{item}/review/release", reviews.release, "POST", "releaseReview"),
        ("/items/{item}/review/answer", reviews.answer, "POST", "answerReview"),
        ("/items/{item}/review/escalate", reviews.escalate, "POST", "escalateReview"),
        ("/offers", offers.list_offers, "GET", "listOffers"),
        ("/offers/{edit}/accept", offers.accept, "POST", "acceptOffer"),
        ("/offers/{edit}/refuse", offers.refuse, "POST", "refuseOffer"),
        ("/webhooks", webhooks.list_webhooks, "GET", "listWebhooks"),
        ("/webhooks/{webhook}", webhooks.read_webhook, "GET", "readWebhook"),
        ("/webhooks/{webhook}/resend", webhooks.resend, "POST", "resendWebhook"),
        ("/approvals", approvals.list_approvals, "GET", "listApprovals"),
        ("/approvals/{approval}", approvals.read_approval, "GET", "readApproval"),
        ("/approvals/{approval}/decisions", approvals.decide, "POST", "decideApproval"),
    ):
        router.add_api_route(path, act, methods=[method], operation_id=name)
    return router
