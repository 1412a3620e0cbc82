"""Campaigns: the list, the wizard, and the page of one."""
