"""Wapto: the self-hosted WhatsApp Business workspace."""
