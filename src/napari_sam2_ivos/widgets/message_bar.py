"""What the program has to say, at the foot of the panel."""

from __future__ import annotations

from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from napari_sam2_ivos.widgets.pieces import button


class MessageBar(QFrame):
    """One message at a time, until it is read or replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("message")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 4, 6)
        layout.addWidget(self.text, 1)
        layout.addWidget(button("×", self.clear, "Dismiss"))
        self.hide()

    def show_message(self, text: str, kind: str = "info") -> None:
        """Show a message; `kind` is "info", "warning" or "error"."""
        self.text.setText(text)
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    def clear(self) -> None:
        """Take the message away."""
        self.hide()
        self.text.clear()
