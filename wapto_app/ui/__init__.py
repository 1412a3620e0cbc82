"""The design system: components, the frame of the pages, and the words on them.

Look: ``tokens`` (values in ``assets/wapto.css``), ``card`` (page layout), ``button``, ``link``, ``badge``, ``avatar``.
Input: ``form``. Lists: ``table``, ``virtual_list``, ``tabs``, ``empty``, ``skeleton``.
Over the page: ``dialog``, ``menu``, ``tooltip``, ``notice``, ``banner``. Frame: ``shell``.
Files: ``files``, ``message_file``, ``lightbox``.
Figures: ``time``, ``progress``, ``stepper``. Keyboard: ``keys``. Words: ``i18n``, ``messages`` (keeps the catalogs).

What needs the browser is a small ``.jsx`` file beside its module; ``browser`` finds it. ``/kitchen-sink`` shows them
all (``WAPTO_DEV=1``). Components know no state: they are handed vars and events.
"""
