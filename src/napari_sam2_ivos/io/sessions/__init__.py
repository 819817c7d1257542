"""Sessions on disk: ``NAME.ivos``, a folder of small files (docs/session.md)."""
