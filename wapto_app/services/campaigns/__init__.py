"""Campaigns: one approved template for many people.

``audience`` says who, ``mapping`` what each of them reads, ``drafts`` keeps it until it starts, ``building`` writes
its recipients down. What starts, feeds and follows it is in modules of their own beside these.
"""
