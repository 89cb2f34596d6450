"""Write the pages that are made from the code: ``make pages``."""

from reference.made import REFERENCE, pages

for place, text in pages().items():
    (REFERENCE / place).parent.mkdir(exist_ok=True)
    (REFERENCE / place).write_text(text, encoding="utf-8")
