"""The WhatsApp Business Platform (Cloud API) as typed Python. Knows nothing of Wapto.

Send:

```python
from integrations.whatsapp import GraphClient, messages, new_http_client

http = new_http_client()                      # one for the whole process; close it at the end
graph = GraphClient(token, http=http, app_secret=secret)
try:
    result = await graph.send_message(phone_number_id, messages.text("Hello!", to="+16505551234"))
except NotSent:                               # never left: safe to send again
    ...
except Ambiguous:                             # perhaps accepted: wait for a status webhook
    ...
except GraphError as error:                   # refused: error.info says why and what to do
    ...
```

Receive:

```python
from integrations.whatsapp import webhooks

if webhooks.verify_signature(raw, header, [app_secret]):
    for item in webhooks.parse(raw):
        match item.event:
            case webhooks.InboundMessage(text=text, sender=sender): ...
            case webhooks.StatusUpdate(wamid=wamid, status=status): ...
```

Where things are:

- `graph.py`: `GraphClient`: sending, and everything else from the area modules it is made of: `media.py`,
  `uploads.py`, `phone_numbers.py`, `profile.py`, `templates.py`, `accounts.py`, `blocking.py`
- `connection.py`, `network.py`: one request: signing, failures, retries, the shared HTTP client
- `messages/`: builders for every kind of outgoing message, with Meta's limits
- `webhooks/`: signature, and payload to typed events
- `errors.py`, `error_codes.py`: exceptions, and what every code means for a person and for a sender
- `signup.py`: embedded signup; `phones.py`: one canonical number per person
"""

from . import messages, signup, webhooks
from .accounts import (
    Health,
    HealthEntity,
    HealthProblem,
    SubscribedApp,
    TokenInfo,
    WhatsAppBusinessAccount,
)
from .blocking import BlockResult
from .connection import DEFAULT_BASE_URL, DEFAULT_VERSION, Page
from .error_codes import ErrorInfo, Retry, explain
from .errors import (
    Ambiguous,
    GraphError,
    InvalidMessage,
    InvalidPayload,
    MediaExpired,
    MediaTooLarge,
    NoAnswer,
    NotSent,
    WhatsAppError,
)
from .graph import GraphClient, SendResult
from .media import MAX_MEDIA_BYTES, MediaInfo, MediaStream, digest, same_digest
from .network import new_http_client
from .phone_numbers import PhoneNumber
from .phones import canonical_phone, to_wa_id
from .profile import VERTICALS, BusinessProfile
from .templates import CreatedTemplate, Template, normal_language

__all__ = [
    "DEFAULT_BASE_URL",
    "DEFAULT_VERSION",
    "MAX_MEDIA_BYTES",
    "VERTICALS",
    "Ambiguous",
    "BlockResult",
    "BusinessProfile",
    "CreatedTemplate",
    "ErrorInfo",
    "GraphClient",
    "GraphError",
    "Health",
    "HealthEntity",
    "HealthProblem",
    "InvalidMessage",
    "InvalidPayload",
    "MediaExpired",
    "MediaInfo",
    "MediaStream",
    "MediaTooLarge",
    "NoAnswer",
    "NotSent",
    "Page",
    "PhoneNumber",
    "Retry",
    "SendResult",
    "SubscribedApp",
    "Template",
    "TokenInfo",
    "WhatsAppBusinessAccount",
    "WhatsAppError",
    "canonical_phone",
    "digest",
    "explain",
    "messages",
    "new_http_client",
    "normal_language",
    "same_digest",
    "signup",
    "to_wa_id",
    "webhooks",
]
