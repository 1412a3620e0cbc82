"""Campaigns: one approved template for many people.

A campaign sends nothing itself. It writes down its people, one row for each, and puts their messages into the outbox
a second or two before they leave; the outbox sends them as it sends every message. Rows follow their messages.
Begin with ``models.campaigns`` (the tables), then read along the life of a campaign:

1.  **Made.** ``starting`` begins a draft, ``drafts`` keeps it step by step (``draft_parts``: who changed what), and
    ``choosing`` offers what can be chosen. ``problems`` says what is missing, by the step where it is mended.

    *Who*: ``audience``, one select of contacts; ``standing`` tells in SQL why somebody cannot get it, ``reasons`` in
    words. Files of people: ``uploads`` (``upload_files`` reads them). ``usage``: who asks for a tag or a segment.

    *What*: ``rules`` for each gap of the template; ``mapping`` offers and previews them (``preview_people``: for whom),
    ``lacking`` counts who has no value, ``testing`` sends one to oneself. ``template_files``: of header and cards;
    ``offers``: when one ends.

    *When and for how much*: ``timing`` (zones, quiet hours); ``prices`` (``price_table``, ``price_files``: the
    owner's rates; ``estimating``: times the people).

2.  **Started.** ``lifecycle`` is the one door for people: start, schedule, pause, resume, cancel, try again.
    ``firing`` starts what was scheduled. Everything below runs in ``jobs.campaigns`` and ``jobs.feeding``.

3.  **Written down.** ``building`` makes the rows; ``newcomers`` makes contacts of ``strangers``, ``sharing`` says
    who gets which variant.

4.  **Fed.** ``feeding`` chooses whose turn it is, as far as ``limits_of_meta`` lets us; ``filler`` puts in their
    values (``compiled``: the template, taken apart once); ``queueing`` writes the messages.

5.  **Followed.** The outbox and the webhooks leave notes (``services.campaign_changes``); ``following`` moves rows
    and counters (``tallying``). ``attribution`` finds the campaign that an answer or a pressed button belongs to.

6.  **Stopped.** ``guarding`` looks for trouble, ``stopping`` pauses and finishes, ``causes`` says why in words.
    ``holdups`` says what slows one down that nobody stopped.
    ``taking_back`` empties the outbox again, ``sweeping`` settles who was left behind. ``winner`` ends an A/B test.

7.  **Looked at.** ``listing`` (the list, the head of a page), ``recipients`` (its people), ``report``, ``comparing``,
    ``exporting``. From there: ``retrying`` for who failed, ``tagging`` for whom the same happened to.

``topics`` names what is published on the way. What must hold at every step: a row moves in one transaction with its
counters, and only from the state in which it was found; so anything may be killed or doubled at any moment.
"""
