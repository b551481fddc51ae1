"""Looking after webhooks and what is on its way to them."""

from typing import Any

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromQuery, JSONBody

from gateway.domain.pagination import LIMIT_DEFAULT, PageQuery
from gateway.domain.webhook import COUNTED_MAX, WEBHOOKS_MAX, DeliveryStatus
from gateway.rest import webhook_views as views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_version, version_tag
from gateway.rest.paging import pagination
from gateway.rest.schemas.people import Done
from gateway.rest.schemas.webhooks import (
    DeliveryEnvelope,
    DeliveryFilter,
    DeliveryListBody,
    NewWebhookBody,
    WebhookChangeBody,
    WebhookEnvelope,
    WebhookListBody,
    WebhookWithSecretEnvelope,
)
from gateway.rest.session import analyst_of, client_of
from gateway.rest.wiring_live import Webhooks
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_records import Cursor, PathId
from gateway.services.people import Author
from gateway.services.webhooks import NewWebhook, WebhookChange

AnyRequest = Request[Any, Any, Any]


class WebhookController(Controller):
    """Paths below /api/webhooks."""

    path = "/api/webhooks"
    tags = ("webhooks",)

    @get(responses=RESPONSES, operation_id="list_webhooks", summary="List webhooks")
    async def list_webhooks(self, webhooks: Webhooks) -> WebhookListBody:
        """Return all webhooks, newest first."""
        found = await webhooks.all()
        page = pagination(PageQuery(limit=WEBHOOKS_MAX), len(found), None)
        return WebhookListBody([views.webhook(each) for each in found], page)

    @post(
        dto=JsonBody[NewWebhookBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_webhook",
        summary="Add a webhook",
    )
    async def add_webhook(
        self, request: AnyRequest, webhooks: Webhooks, data: JSONBody[NewWebhookBody]
    ) -> Response[WebhookWithSecretEnvelope]:
        """Tell a server of what happens to alerts from now on. The secret is shown this once."""
        asked = NewWebhook(
            url=data.url,
            description=data.description.strip(),
            events=tuple(dict.fromkeys(data.events)),
            severity_min=data.severity_min,
            active=data.active,
        )
        webhook, secret = await webhooks.add(asked, _author(request))
        return Response(
            WebhookWithSecretEnvelope(views.with_secret(webhook, secret)),
            status_code=201,
            headers=version_tag(webhook.version),
        )

    @get(
        "/{webhook_id:str}",
        responses=RESPONSES,
        operation_id="get_webhook",
        summary="Get a webhook",
    )
    async def get_webhook(
        self, webhooks: Webhooks, webhook_id: PathId
    ) -> Response[WebhookEnvelope]:
        """Return a webhook; the ETag is its version, for If-Match."""
        webhook = await webhooks.get(webhook_id)
        return Response(
            WebhookEnvelope(views.webhook(webhook)), headers=version_tag(webhook.version)
        )

    @patch(
        "/{webhook_id:str}",
        dto=JsonBody[WebhookChangeBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="change_webhook",
        summary="Change a webhook",
    )
    async def change_webhook(
        self,
        request: AnyRequest,
        webhooks: Webhooks,
        webhook_id: PathId,
        data: JSONBody[WebhookChangeBody],
    ) -> Response[WebhookEnvelope]:
        """Change a webhook; while it is not active, nothing is queued or sent."""
        webhook = await webhooks.change(
            webhook_id,
            WebhookChange(
                url=data.url,
                description=data.description,
                events=None if data.events is None else tuple(dict.fromkeys(data.events)),
                severity_min=data.severity_min,
                active=data.active,
            ),
            _author(request),
            expected_version(request, data.expected_version),
        )
        return Response(
            WebhookEnvelope(views.webhook(webhook)), headers=version_tag(webhook.version)
        )

    @delete(
        "/{webhook_id:str}",
        status_code=200,
        responses=RESPONSES,
        operation_id="remove_webhook",
        summary="Remove a webhook",
    )
    async def remove_webhook(
        self, request: AnyRequest, webhooks: Webhooks, webhook_id: PathId
    ) -> Done:
        """Remove a webhook, with everything that waits for it."""
        await webhooks.remove(webhook_id, _author(request))
        return Done(success=True, message="the webhook was removed")

    @post(
        "/{webhook_id:str}/secret",
        status_code=200,
        responses=RESPONSES,
        operation_id="replace_webhook_secret",
        summary="Replace the secret of a webhook",
    )
    async def replace_webhook_secret(
        self, request: AnyRequest, webhooks: Webhooks, webhook_id: PathId
    ) -> Response[WebhookWithSecretEnvelope]:
        """Return a new secret, shown this once; it signs everything from the next attempt on."""
        webhook, secret = await webhooks.replace_secret(
            webhook_id, _author(request), expected_version(request, None)
        )
        return Response(
            WebhookWithSecretEnvelope(views.with_secret(webhook, secret)),
            headers=version_tag(webhook.version),
        )

    @post(
        "/{webhook_id:str}/test",
        status_code=202,
        responses=RESPONSES,
        operation_id="test_webhook",
        summary="Send a ping",
    )
    async def test_webhook(self, webhooks: Webhooks, webhook_id: PathId) -> DeliveryEnvelope:
        """Queue a delivery of the type `ping`; the list of deliveries tells what became of it."""
        return DeliveryEnvelope(views.delivery(await webhooks.ping(webhook_id)))

    @get(
        "/{webhook_id:str}/deliveries",
        responses=RESPONSES,
        operation_id="list_deliveries",
        summary="List deliveries",
    )
    async def list_deliveries(
        self,
        webhooks: Webhooks,
        webhook_id: PathId,
        status: FromQuery[DeliveryFilter] = DeliveryFilter.ALL,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
    ) -> DeliveryListBody:
        """Return a page of deliveries, newest first; DEAD ones were given up."""
        query = PageQuery(page=page, limit=limit, cursor=cursor)
        wanted = None if status is DeliveryFilter.ALL else DeliveryStatus(status)
        listed = await webhooks.deliveries(webhook_id, wanted, query)
        return DeliveryListBody(
            [views.delivery(each) for each in listed.rows],
            pagination(
                query,
                listed.total,
                listed.next_cursor,
                total_is_lower_bound=listed.total >= COUNTED_MAX,
            ),
        )

    @post(
        "/{webhook_id:str}/deliveries/{delivery_id:str}/redeliver",
        status_code=202,
        responses=RESPONSES,
        operation_id="redeliver",
        summary="Deliver again",
    )
    async def redeliver(
        self, webhooks: Webhooks, webhook_id: PathId, delivery_id: PathId
    ) -> DeliveryEnvelope:
        """Make a DEAD delivery due again, with the same id and all its attempts."""
        return DeliveryEnvelope(views.delivery(await webhooks.redeliver(webhook_id, delivery_id)))


def _author(request: AnyRequest) -> Author:
    return Author(analyst_of(None), client_of(request))
