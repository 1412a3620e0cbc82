"""Outgoing messages: one function per type, each returns the JSON payload for `GraphClient.send_message`.

```python
messages.text("Your order is on its way", to="+16505551234", callback_data="outbox:981")
messages.reply_buttons("Does Friday suit you?", [("yes", "Yes"), ("no", "No")], recipient="US.1349…")
messages.template("order_update", "en_US", [parts.body("Ada", "4711")], to="+16505551234")
```

Every function takes the keywords of `Address`, and raises `InvalidMessage` when Meta would refuse the message
for its form: better here, with a sentence for a person, than later as error 100. The values of templates are
made with the functions of `messages.template_parts`.
"""

from ..errors import InvalidMessage
from . import template_parts
from .carousels import carousel, product_card, url_card
from .envelope import MAX_CALLBACK_DATA, Address, Payload
from .interactive import (
    Frame,
    ListRow,
    ListSection,
    ProductSection,
    address_request,
    call_permission_request,
    catalog,
    cta_url,
    flow,
    header_media,
    list_menu,
    location_request,
    product,
    product_list,
    reply_buttons,
    request_contact_info,
    voice_call,
)
from .plain import (
    audio,
    contact_card,
    contacts,
    document,
    image,
    location,
    pin,
    reaction,
    sticker,
    text,
    video,
)
from .template_parts import template

__all__ = [
    "MAX_CALLBACK_DATA",
    "Address",
    "Frame",
    "InvalidMessage",
    "ListRow",
    "ListSection",
    "Payload",
    "ProductSection",
    "address_request",
    "audio",
    "call_permission_request",
    "carousel",
    "catalog",
    "contact_card",
    "contacts",
    "cta_url",
    "document",
    "flow",
    "header_media",
    "image",
    "list_menu",
    "location",
    "location_request",
    "pin",
    "product",
    "product_card",
    "product_list",
    "reaction",
    "reply_buttons",
    "request_contact_info",
    "sticker",
    "template",
    "template_parts",
    "text",
    "url_card",
    "video",
    "voice_call",
]
