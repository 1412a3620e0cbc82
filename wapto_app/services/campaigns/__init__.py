"""Campaigns: one approved template for many people."""
