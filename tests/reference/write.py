"""Write the pages that are made from the code: ``make pages``."""

from reference.made import DOCS, pages

for place, text in pages().items():
    (DOCS / place).parent.mkdir(exist_ok=True)
    (DOCS / place).write_text(text, encoding="utf-8")
