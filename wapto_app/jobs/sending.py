"""One message on its way: build, hand over, understand the answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.whatsapp.errors import Ambiguous, GraphError, InvalidMessage, NotSent, Retry
from integrations.whatsapp.messages import Payload
from wapto_app.clock import utcnow
from wapto_app.jobs.pacing import backoff, pair_backoff
from wapto_app.log import get_logger
from wapto_app.models import MessageStatus
from wapto_app.services.gateway import Number
from wapto_app.services.outbox.claims import Claimed, SendOutcome
from wapto_app.services.outbox.payloads import build

log = get_logger(__name__)

MAX_REFUSALS = 5
"""Answers with a passing error before a message counts as failed."""
THROUGHPUT_REACHED = 130429
REQUESTS_REACHED = frozenset({4, 80007})
"""Meta takes no more requests from the app, or from the account, for up to an hour."""
PAIR_LIMIT = 131056
_NETWORK_CAP_SECONDS = 60.0
_THROTTLED_CAP_SECONDS = 16.0
_UNCONFIRMED = "WhatsApp did not answer in time. The customer may have received this message."
_BROKEN = "This message could not be put into the form that WhatsApp expects."


async def send(number: Number, claimed: Claimed) -> tuple[SendOutcome, GraphError | None]:
    """Hand one claimed message to Meta; never raises. The error comes along for what concerns the whole number."""
    try:
        payload = _payload(claimed)
    except InvalidMessage as error:
        return SendOutcome(claimed, MessageStatus.FAILED, error_detail=error.message), None
    except Exception:
        log.exception("sending.payload_failed", message=claimed.id)
        return SendOutcome(claimed, MessageStatus.FAILED, error_detail=_BROKEN), None
    return await _hand_over(number, claimed, payload)


def _payload(claimed: Claimed) -> Payload:
    return build(
        claimed.type,
        claimed.body,
        claimed.content,
        recipient=claimed.recipient,
        media=claimed.meta_media_id,
        filename=claimed.filename,
        files=claimed.files,
        reply_to=claimed.reply_to_wamid,
        callback_data=claimed.callback_data,
    )


async def _hand_over(
    number: Number, claimed: Claimed, payload: Payload
) -> tuple[SendOutcome, GraphError | None]:
    try:
        sent = await number.send(payload)
    except NotSent:
        return _again(claimed, backoff(claimed.attempt, cap_seconds=_NETWORK_CAP_SECONDS)), None
    except InvalidMessage as error:
        return SendOutcome(claimed, MessageStatus.FAILED, error_detail=error.message), None
    except GraphError as error:
        return _refused(claimed, error), error
    except Ambiguous:
        return SendOutcome(claimed, MessageStatus.UNCONFIRMED, error_detail=_UNCONFIRMED), None
    except Exception:
        # Whatever it was, Meta may have the message.
        log.exception("sending.failed", message=claimed.id)
        return SendOutcome(claimed, MessageStatus.UNCONFIRMED, error_detail=_UNCONFIRMED), None
    return SendOutcome(claimed, MessageStatus.SENT, wamid=sent.wamid, wa_id=sent.wa_id or ""), None


def _again(claimed: Claimed, wait: timedelta) -> SendOutcome:
    return SendOutcome(
        claimed,
        MessageStatus.QUEUED,
        error_detail="WhatsApp could not be reached.",
        refusals=claimed.refusals,
        not_before=utcnow() + wait,
    )


def _refused(claimed: Claimed, error: GraphError) -> SendOutcome:
    """Meta answered with an error: nothing was accepted."""
    if error.is_auth:
        # The number is marked "reconnect"; its messages wait, and the gate looks at them again.
        return _later(claimed, error, claimed.refusals, None)
    if error.code == THROUGHPUT_REACHED:
        wait = backoff(claimed.attempt, cap_seconds=_THROTTLED_CAP_SECONDS)
        return _later(claimed, error, claimed.refusals, utcnow() + wait)
    if error.code in REQUESTS_REACHED:
        # It says nothing about this message, which must not fail for it.
        asked = timedelta(seconds=error.wait_seconds or 0)
        return _later(claimed, error, claimed.refusals, utcnow() + max(asked, backoff(claimed.attempt)))
    refusals = claimed.refusals + 1
    if error.retry in (Retry.RETRY, Retry.WAIT) and refusals < MAX_REFUSALS:
        wait = pair_backoff(refusals) if error.code == PAIR_LIMIT else backoff(refusals)
        return _later(claimed, error, refusals, utcnow() + wait)
    detail = error.details or error.user_message or error.message
    return SendOutcome(
        claimed, MessageStatus.FAILED, error_code=error.code, error_detail=detail, refusals=refusals
    )


def _later(claimed: Claimed, error: GraphError, refusals: int, not_before: datetime | None) -> SendOutcome:
    return SendOutcome(
        claimed,
        MessageStatus.QUEUED,
        error_code=error.code,
        error_detail=error.info.meaning,
        refusals=refusals,
        not_before=not_before,
    )
