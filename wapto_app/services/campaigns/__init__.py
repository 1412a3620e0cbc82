"""Campaigns: one approved template for many people; who gets it, when, how fast, and what became of it."""
