"""One message on its way: build, hand over, understand the answer."""

from __future__ import annotations

from integrations.whatsapp.errors import Ambiguous, GraphError, InvalidMessage, NotSent, Retry
from wapto_app.clock import utcnow
from wapto_app.jobs.pacing import backoff, pair_backoff
from wapto_app.models import MessageStatus
from wapto_app.services.gateway import Number
from wapto_app.services.outbox.claims import Claimed, SendOutcome
from wapto_app.services.outbox.payloads import build

MAX_TRIES = 5
THROUGHPUT_REACHED = 130429
PAIR_LIMIT = 131056
_NETWORK_CAP_SECONDS = 60.0
_UNCONFIRMED = "WhatsApp did not answer in time. The customer may have received this message."


async def send(number: Number, claimed: Claimed) -> tuple[SendOutcome, GraphError | None]:
    """Hand one claimed message to Meta; never raises. The error comes along for what concerns the whole number."""
    try:
        payload = build(
            claimed.type,
            claimed.body,
            claimed.content,
            recipient=claimed.recipient,
            media=claimed.meta_media_id,
            filename=claimed.filename,
            reply_to=claimed.reply_to_wamid,
            callback_data=claimed.callback_data,
        )
        sent = await number.send(payload)
    except InvalidMessage as error:
        return SendOutcome(claimed, MessageStatus.FAILED, error_detail=error.message), None
    except NotSent:
        return _again(claimed, "WhatsApp could not be reached."), None
    except Ambiguous:
        return SendOutcome(claimed, MessageStatus.UNCONFIRMED, error_detail=_UNCONFIRMED), None
    except GraphError as error:
        return _refused(claimed, error), error
    return SendOutcome(claimed, MessageStatus.SENT, wamid=sent.wamid, wa_id=sent.wa_id or ""), None


def _again(claimed: Claimed, why: str) -> SendOutcome:
    later = utcnow() + backoff(claimed.attempt, cap_seconds=_NETWORK_CAP_SECONDS)
    return SendOutcome(claimed, MessageStatus.QUEUED, error_detail=why, not_before=later)


def _refused(claimed: Claimed, error: GraphError) -> SendOutcome:
    """Meta answered with an error: nothing was accepted."""
    if error.is_auth:
        # The number is marked "reconnect"; its messages wait, and the gate looks at them again.
        return SendOutcome(
            claimed, MessageStatus.QUEUED, error_code=error.code, error_detail=error.info.meaning
        )
    if error.retry in (Retry.RETRY, Retry.WAIT) and (
        claimed.attempt < MAX_TRIES or error.code == THROUGHPUT_REACHED
    ):
        wait = pair_backoff(claimed.attempt) if error.code == PAIR_LIMIT else backoff(claimed.attempt)
        return SendOutcome(
            claimed,
            MessageStatus.QUEUED,
            error_code=error.code,
            error_detail=error.info.meaning,
            not_before=utcnow() + wait,
        )
    detail = error.details or error.user_message or error.message
    return SendOutcome(claimed, MessageStatus.FAILED, error_code=error.code, error_detail=detail)
