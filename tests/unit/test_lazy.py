"""Parts of a page that come later."""

from __future__ import annotations

from pages.inbox.contact import contact_panel
from wapto_app.ui.lazy import later


def test_a_later_part_is_fetched_by_itself_and_not_with_the_page() -> None:
    part = later(contact_panel)

    assert part.library == "$/app_components/pages/inbox/contact"
    assert f"import('{part.library}')" in part._get_dynamic_imports()
    assert not any(each.tag == part.tag for each in part._get_imports()[part.library])
