"""Snapshots: frozen boards that anyone can replay without the site's database."""
