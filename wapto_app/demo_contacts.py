"""Sample contacts for the demo: tenants, buyers and a person who was written down twice."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.security.permissions import Actor
from wapto_app.services import contacts, tags
from wapto_app.services.contacts import NewContactForm

_PEOPLE = (
    ("Amelia Fischer", "+4915112345601", "Fischer & Söhne", "amelia@fischer.example", "de", "Fair", ("VIP",)),
    ("Bruno Carvalho", "+5531988887702", "", "bruno@carvalho.example", "pt-BR", "Website", ("Tenant",)),
    ("Chiara Rossi", "+393331234503", "Rossi Immobili", "", "it", "Referral", ("Buyer",)),
    ("Diego Hernández", "+525512345604", "", "diego@hernandez.example", "es", "Website", ("Tenant", "VIP")),
    ("Emma O’Neill", "+353851234505", "O’Neill Homes", "emma@oneill.example", "en", "Fair", ("Buyer",)),
    ("Farid Haddad", "+971501234506", "", "", "ar", "Referral", ()),
    (
        "Grace Okafor",
        "+2348031234507",
        "Lagos Living",
        "grace@lagosliving.example",
        "en",
        "Advert",
        ("Landlord",),
    ),
    ("Hana Suzuki", "+819012345608", "", "hana@suzuki.example", "ja", "Website", ("Tenant",)),
    (
        "Isabel Martín",
        "+34612345609",
        "Martín Hogar",
        "isabel@martin.example",
        "es",
        "Advert",
        ("Landlord", "VIP"),
    ),
    ("I. Martín", "+34612345610", "", "isabel@martin.example", "es", "Fair", ()),
    ("Jonas Lindqvist", "+46701234511", "", "jonas@lindqvist.example", "en", "Website", ("Buyer",)),
    ("Kavya Iyer", "+919812345612", "Iyer Estates", "kavya@iyer.example", "hi", "Referral", ("Landlord",)),
)


async def write_down(session: AsyncSession) -> None:
    """As an owner would, one after the other; one of them opted out."""
    actor = Actor.system()
    for name, phone, company, email, language, source, worn in _PEOPLE:
        form = NewContactForm(
            name=name,
            company=company,
            email=email,
            language=language,
            source=source,
            notes="",
            phone=phone,
            username="",
        )
        contact_id = await contacts.create(session, actor, form)
        if worn:
            await tags.apply(session, actor, [contact_id], await tags.ensure(session, actor, worn))
        if language == "ar":
            await contacts.opt_out(session, actor, [contact_id])
