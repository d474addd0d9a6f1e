"""Report -> HTML, text, CSV. A leaf: nothing here decides anything."""
