"""Bills: who sells and who buys, taxes, numbers without gaps, and what is shown of them."""

from wapto_app.services.invoices.details import (
    Billing,
    PartyRow,
    countries,
    load_details,
    read_billing,
    save_buyer,
    save_seller,
)
from wapto_app.services.invoices.issuing import Line, issue
from wapto_app.services.invoices.queries import (
    InvoicePage,
    InvoiceRow,
    PaymentRow,
    invoice_page,
    list_invoices,
    list_payments,
)
from wapto_app.services.invoices.taxes import (
    Tax,
    TaxForm,
    TaxRow,
    add_tax,
    list_taxes,
    remove_tax,
    set_tax_active,
    taxes_on,
)

__all__ = [
    "Billing",
    "InvoicePage",
    "InvoiceRow",
    "Line",
    "PartyRow",
    "PaymentRow",
    "Tax",
    "TaxForm",
    "TaxRow",
    "add_tax",
    "countries",
    "invoice_page",
    "issue",
    "list_invoices",
    "list_payments",
    "list_taxes",
    "load_details",
    "read_billing",
    "remove_tax",
    "save_buyer",
    "save_seller",
    "set_tax_active",
    "taxes_on",
]
