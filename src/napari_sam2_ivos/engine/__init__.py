"""SAM 2 behind `core.ports.Segmenter`; torch lives only here."""
