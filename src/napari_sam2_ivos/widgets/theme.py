"""Colours of napari's theme and the style sheet of the panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari.utils.theme import get_theme


@dataclass(frozen=True)
class Colours:
    """The colours the panel is drawn in, as CSS."""

    background: str
    foreground: str
    primary: str
    text: str
    muted: str
    accent: str
    on_accent: str
    warning: str
    error: str

    @classmethod
    def of(cls, viewer: Any) -> Colours:
        """Return the colours of the theme of a viewer."""
        theme = get_theme(viewer.theme)
        text, background = theme.text.as_rgb_tuple(), theme.background.as_rgb_tuple()
        muted = tuple(
            round(0.65 * a + 0.35 * b)
            for a, b in zip(text[:3], background[:3], strict=True)
        )
        return cls(
            background=theme.background.as_rgb(),
            foreground=theme.foreground.as_rgb(),
            primary=theme.primary.as_rgb(),
            text=theme.text.as_rgb(),
            muted=f"rgb{muted}",
            accent=theme.current.as_rgb(),
            on_accent="white" if _luminance(theme.current) < 0.5 else "black",
            warning=theme.warning.as_rgb(),
            error=theme.error.as_rgb(),
        )


def _luminance(colour: Any) -> float:
    """Return how bright a colour looks, 0 to 1."""
    r, g, b = colour.as_rgb_tuple()[:3]
    return float(0.2126 * r + 0.7152 * g + 0.0722 * b) / 255


def style_sheet(c: Colours) -> str:
    """Return the style sheet of the panel."""
    return f"""
QLabel#section {{ color: {c.muted}; font-weight: 600; padding-top: 2px; }}
QLabel#hint {{ color: {c.muted}; }}
QLabel#hint[kind="error"] {{ color: {c.error}; font-weight: 600; }}
QLabel#title {{ font-size: 15pt; font-weight: 600; }}
QFrame#rule {{ background: {c.foreground}; max-height: 1px; border: none; }}
QPushButton {{ padding: 4px 8px; min-height: 18px; }}
QPushButton#main {{ background: {c.accent}; color: {c.on_accent};
    font-weight: 600; padding: 6px 8px; }}
QPushButton#main:hover {{ border: 1px solid {c.text}; padding: 5px 7px; }}
QPushButton#main:disabled {{ background: {c.foreground}; color: {c.muted}; }}
QPushButton#segment {{ padding: 4px 2px; min-width: 40px; }}
QToolButton#tool {{ background: {c.foreground}; color: {c.text}; border: none;
    border-radius: 3px; padding: 5px 0 3px 0; font-size: 8pt; min-width: 38px; }}
QToolButton#tool:hover {{ background: {c.primary}; }}
QToolButton#tool:checked, QPushButton#segment:checked {{
    background: {c.accent}; color: {c.on_accent}; }}
QSpinBox {{ min-width: 40px; }}
QCheckBox {{ spacing: 6px; }}
QPushButton:disabled {{ color: {c.muted}; }}
QTableView {{ background: {c.background}; border: 1px solid {c.foreground};
    border-radius: 3px; gridline-color: transparent;
    selection-background-color: {c.primary}; selection-color: {c.text}; }}
QTableView::item {{ padding: 0 4px; border: none; }}
QTableView::item:selected {{ background: {c.primary}; color: {c.text}; }}
QHeaderView::section {{ background: {c.background}; color: {c.muted};
    border: none; border-bottom: 1px solid {c.foreground}; padding: 3px 4px; }}
QScrollArea {{ border: none; }}
QFrame#message {{ background: {c.foreground}; border-radius: 3px;
    border-left: 3px solid {c.accent}; }}
QFrame#message[kind="error"] {{ border-left: 3px solid {c.error}; }}
QFrame#message[kind="warning"] {{ border-left: 3px solid {c.warning}; }}
QFrame#offer {{ background: {c.foreground}; border-radius: 3px;
    border-left: 3px solid {c.accent}; }}
QFrame#offer QLabel {{ background: transparent; color: {c.text}; }}
QFrame#offer QPushButton#plain {{ background: {c.primary}; }}
QFrame#message QLabel {{ background: transparent; }}
QFrame#message QPushButton {{ background: transparent; padding: 0 4px; }}
"""
