"""Sends what is queued: one sender per number, alone by a lease, never the same message twice knowingly.

Claim (durable) → hand to Meta → record (durable). A crash leaves ``sending`` rows; whoever takes the lease next parks
them as unconfirmed, where a status webhook may still settle them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlmodel import select

from integrations.whatsapp.errors import GraphError, NoAnswer, Retry
from wapto_app import telemetry
from wapto_app.db import WriterStopped
from wapto_app.jobs.duties import Duty
from wapto_app.jobs.feeding import Feeder
from wapto_app.jobs.pacing import TokenBucket, allowed_rate
from wapto_app.jobs.sending import THROUGHPUT_REACHED, send
from wapto_app.jobs.uploads import upload_waiting
from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.models import Channel, ChannelStatus, MessageStatus
from wapto_app.runtime import Runtime
from wapto_app.security.secrets import SecretsUnreadable
from wapto_app.services.campaigns import topics as campaigns
from wapto_app.services.channels import problems
from wapto_app.services.gateway import Number
from wapto_app.services.outbox import claims, receipts

log = get_logger(__name__)

MAX_IN_FLIGHT = 400
_TICK_SECONDS = 0.02
_IDLE_SECONDS = 1.0
_LOOK_SECONDS = 1.0
# The process has four seconds in all to stop (``serve.STOP_SECONDS``).
_FINISH_SECONDS = 2.5
_LOOK_FOR_NUMBERS_SECONDS = 5.0
# Long enough to be stopped or given a new token; a queue must not be drained into failures.
_PAUSE_WITHOUT_TOKEN = 10.0
_PAUSE_IN_TROUBLE = 60.0
_PAUSE_TOO_FAST = 1.0
_SILENCES = 5
"""Requests in a row without an answer, after which the sender rests."""
_RECORD_AGAIN_SECONDS = (0.2, 1.0, 2.0, 4.0, 8.0)


class Sender:
    """Everything that leaves through one number."""

    def __init__(self, runtime: Runtime, channel: Channel) -> None:
        assert channel.id is not None
        self._runtime = runtime
        self._channel_id = channel.id
        self._number: Number = runtime.gateway.number(channel)
        self._bucket = TokenBucket(allowed_rate(channel.health))
        self._duty = Duty(runtime, f"sender:{channel.id}")
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self._silences = 0
        self._wake = asyncio.Event()
        self._errands = (asyncio.Event(), asyncio.Event())

    @property
    def rate(self) -> float:
        """Messages per second at the moment."""
        return self._bucket.rate

    def wake(self) -> None:
        self._wake.set()
        for errand in self._errands:
            errand.set()

    def follow(self, channel: Channel) -> None:
        """Use changed credentials and limits from now on."""
        self._number = self._runtime.gateway.number(channel)
        self._bucket.limit_to(allowed_rate(channel.health))

    async def run(self) -> None:
        """Send until cancelled; then finish what is in flight."""
        try:
            while True:
                try:
                    if await self._duty.is_ours():
                        await self._recover()
                        await self._work()
                    if self._duty.is_wanted:
                        await self._hand_duty_over()
                except Exception:
                    # The database is away: what was claimed meanwhile is parked as soon as it is back.
                    log.exception("dispatch.sender_failed", channel=self._channel_id)
                await asyncio.sleep(_IDLE_SECONDS)
        finally:
            await self._finish()

    async def _hand_duty_over(self) -> None:
        """To another process, which would take what is still in flight for lost."""
        while self._in_flight and await self._duty.is_ours():
            await asyncio.wait(self._in_flight.values(), timeout=_LOOK_SECONDS)
        await self._duty.give_back()

    async def _recover(self) -> None:
        left = claims.Left(self._channel_id, frozenset(self._in_flight))
        for conversation_id in await self._runtime.writer.run(claims.recover, left):
            self._publish(conversation_id)

    async def _work(self) -> None:
        """As long as it is our duty: messages, and beside them files and read receipts."""
        doings = (self._upload_files, self._send_receipts)
        errands = [
            asyncio.create_task(self._repeat(do, wake), name=f"{do.__name__}-{self._channel_id}")
            for do, wake in zip(doings, self._errands, strict=True)
        ]
        try:
            await self._send_while_leading()
        finally:
            for errand in errands:
                errand.cancel()
            await asyncio.gather(*errands, return_exceptions=True)

    async def _send_while_leading(self) -> None:
        while not self._duty.is_wanted and await self._duty.is_ours():
            await self._round()

    async def _round(self) -> None:
        """Send what may leave now."""
        self._wake.clear()
        room = min(self._bucket.available(), MAX_IN_FLIGHT - len(self._in_flight))
        if room < 1:
            await asyncio.sleep(_TICK_SECONDS)
            return
        batch = await self._claim(room)
        if not batch.is_leading:
            self._duty.lost()
        elif batch.claimed:
            await asyncio.sleep(_TICK_SECONDS)
        else:
            await wait(self._wake, _IDLE_SECONDS)

    async def _claim(self, room: int) -> claims.Batch:
        """Take messages and start sending them; not even a cancellation comes between the two."""
        claim = claims.Claim(self._channel_id, room, self._duty.bid)
        request = asyncio.ensure_future(self._runtime.writer.run(claims.claim, claim))
        try:
            batch = await asyncio.shield(request)
        except asyncio.CancelledError:
            self._start(await request)
            raise
        self._start(batch)
        return batch

    def _start(self, batch: claims.Batch) -> None:
        for conversation_id in batch.refused:
            self._publish(conversation_id)
        self._bucket.take(len(batch.claimed))
        for claimed in batch.claimed:
            self._in_flight[claimed.id] = asyncio.create_task(self._send(claimed))

    async def _repeat(self, errand: Callable[[], Awaitable[None]], wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                await errand()
            except Exception:
                log.exception("dispatch.errand_failed", channel=self._channel_id)
            await wait(wake, _IDLE_SECONDS)

    async def _upload_files(self) -> None:
        error = await upload_waiting(self._runtime, self._number, self._channel_id)
        if error is not None:
            await self._learn(error)

    async def _send_receipts(self) -> None:
        for due in await self._runtime.writer.run(receipts.due, self._channel_id):
            try:
                await self._number.mark_read(due.wamid)
            except NoAnswer:
                return
            except GraphError as error:
                if error.is_auth:
                    await self._learn(error)
                    return
                # A receipt is a courtesy: one that Meta refuses is not worth a second try.
            await self._runtime.writer.run(receipts.settle, due)

    async def _send(self, claimed: claims.Claimed) -> None:
        try:
            await self._hand_over(claimed)
        finally:
            del self._in_flight[claimed.id]
        self._wake.set()

    async def _hand_over(self, claimed: claims.Claimed) -> None:
        outcome, error = await send(self._number, claimed)
        telemetry.MESSAGES.labels(outcome.status.value).inc()
        self._count_silence(outcome)
        if error is not None:
            # Before the message is queued again: it must not leave with the same refused token.
            await self._learn(error)
        await self._record(outcome)
        self._publish(claimed.conversation_id, in_list=claimed.campaign_recipient_id is None)

    def _count_silence(self, outcome: claims.SendOutcome) -> None:
        """Requests without an answer come in rows when Meta is unwell; a queue must not be drained into doubt."""
        self._silences = self._silences + 1 if outcome.status is MessageStatus.UNCONFIRMED else 0
        if self._silences >= _SILENCES:
            self._bucket.slow_down(min(2.0 ** (self._silences - _SILENCES), _PAUSE_IN_TROUBLE))

    async def _record(self, outcome: claims.SendOutcome) -> None:
        """Write down what became of a message: a row that stays "sending" holds up its conversation."""
        for pause in _RECORD_AGAIN_SECONDS:
            try:
                await self._runtime.writer.run(claims.record, outcome)
                return
            except WriterStopped:
                # A status webhook settles it, or the next holder of the lease parks it.
                return
            except Exception:
                log.exception("dispatch.record_failed", message=outcome.claimed.id)
                await asyncio.sleep(pause)
        parked = replace(outcome, status=MessageStatus.UNCONFIRMED, wamid="", wa_id="")
        with contextlib.suppress(Exception):
            await self._runtime.writer.run(claims.record, parked)

    async def _learn(self, error: GraphError) -> None:
        """What an answer says about the whole number."""
        if error.is_auth or error.retry is Retry.ACCOUNT:
            pause = _PAUSE_WITHOUT_TOKEN if error.is_auth else _PAUSE_IN_TROUBLE
            if self._bucket.slow_down(pause):
                await self._note(error)
        elif error.code == THROUGHPUT_REACHED or error.retry is Retry.WAIT:
            self._bucket.slow_down(error.wait_seconds or _PAUSE_TOO_FAST)

    async def _note(self, error: GraphError) -> None:
        try:
            async with self._runtime.db.write() as session:
                await problems.note(session, self._channel_id, error)
        except Exception:
            log.exception("dispatch.note_failed", channel=self._channel_id)

    def _publish(self, conversation_id: int, *, in_list: bool = True) -> None:
        """A campaign changes nothing in the list of conversations: a thousand a second must not wake it up."""
        topics = {f"conversation:{conversation_id}"} | ({"inbox"} if in_list else set())
        self._runtime.hub.publish(frozenset(topics))

    async def _finish(self) -> None:
        if self._in_flight:
            await asyncio.wait(self._in_flight.values(), timeout=_FINISH_SECONDS)
        with contextlib.suppress(Exception):
            await self._duty.give_back()


class _AtWork:
    """What this process does for one number, as far as it is its duty: it sends, and it feeds."""

    def __init__(self, runtime: Runtime, channel: Channel) -> None:
        assert channel.id is not None
        self.sender = Sender(runtime, channel)
        self.feeder = Feeder(runtime, channel.id, lambda: self.sender.rate)
        self.tasks = [
            asyncio.create_task(self.sender.run(), name=f"sender-{channel.id}"),
            asyncio.create_task(self.feeder.run(), name=f"feeder-{channel.id}"),
        ]

    @property
    def has_ended(self) -> bool:
        return any(task.done() for task in self.tasks)


async def run(runtime: Runtime) -> None:
    """Work for every connected number until cancelled."""
    numbers: dict[int, _AtWork] = {}
    changed = asyncio.Event()

    def listen(topics: frozenset[str]) -> None:
        if "channels" in topics:
            changed.set()
        for channel_id, number in numbers.items():
            if f"outbox:{channel_id}" in topics:
                number.sender.wake()
            if campaigns.DUE in topics:
                number.feeder.wake()

    with runtime.hub.listening(listen):
        try:
            while True:
                changed.clear()
                try:
                    await _follow_channels(runtime, numbers)
                except Exception:
                    log.exception("dispatch.numbers_unknown")
                await wait(changed, _LOOK_FOR_NUMBERS_SECONDS)
        finally:
            await _stop([task for number in numbers.values() for task in number.tasks])


async def _follow_channels(runtime: Runtime, numbers: dict[int, _AtWork]) -> None:
    async with runtime.db.read() as session:
        found = await session.exec(select(Channel).where(Channel.status == ChannelStatus.CONNECTED))
        connected = {channel.id: channel for channel in found if channel.id is not None}
    ended = [each for each, number in numbers.items() if each not in connected or number.has_ended]
    await _stop([task for channel_id in ended for task in numbers.pop(channel_id).tasks])
    for channel_id, channel in connected.items():
        try:
            if channel_id in numbers:
                numbers[channel_id].sender.follow(channel)
                continue
            numbers[channel_id] = _AtWork(runtime, channel)
        except SecretsUnreadable:
            log.exception("dispatch.secrets_unreadable", channel=channel_id)
            continue


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("dispatch.sender_failed", exc_info=result)
